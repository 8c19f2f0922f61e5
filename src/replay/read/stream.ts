import { DamagedDataError } from '../../errors.ts'
import type { CommittedSegment } from '../../format/segment.ts'
import { rowFilter } from '../../format/select/matching-rows.ts'
import type { RowCriteria } from '../../format/select/row-criteria.ts'
import type { RowWindow } from '../../format/select/row-window.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import type { RowChange } from '../change/row-change.ts'
import type { PartitionPlan, SourcePlan } from '../plan/plan.ts'
import type { Selection } from '../request/selection.ts'
import { type ChangedRun, changeRuns } from './changed-run.ts'
import { openLiveSource } from './live-source.ts'
import { mergeSegments, type OpenSegment, type RowRun } from './merge.ts'
import type { OffsetPicker } from './offset-picker.ts'
import { openSegment } from './segment-source.ts'

export interface StreamOptions {
  source: SourcePlan
  plan: PartitionPlan
  selection: Selection
  /** Source offset to begin with. */
  next: bigint
  store: ObjectStore
  eventLog: EventLog
  /** What a SQL condition selects; null: there is none. */
  picker: OffsetPicker | null
  change: RowChange | null
  signal: AbortSignal
  /**
   * Called for a segment that cannot be read; rejects unless it may be passed over. What was read of it before stays
   * emitted, its rest is left out.
   */
  onDamaged: (segment: CommittedSegment, error: DamagedDataError) => Promise<void>
}

/** Segments are held whole then: many small ones, for their requests take the time, or one that is large. */
const wholeAhead = { segments: 8, bytes: 4 * 1024 * 1024 }
/** Where keys are asked for, most segments are found to hold none of them by a few kilobytes. */
const partsAhead = { segments: 12, bytes: Number.POSITIVE_INFINITY }

/** The selected records of a partition in the order of their offsets: of the archive, then of the broker. */
export function streamRows(options: StreamOptions): AsyncGenerator<ChangedRun, void, undefined> {
  return changeRuns(selectedRuns(options), options.change)
}

async function* selectedRuns(options: StreamOptions): AsyncGenerator<RowRun, void, undefined> {
  const { plan, next } = options
  const segments = plan.segments.filter((segment) => segment.lastOffset >= next)
  const ahead = options.selection.keys === null ? wholeAhead : partsAhead
  yield* mergeSegments(segments, (segment) => openArchived(options, segment), ahead)
  if (plan.liveUntil !== null) yield* liveRuns(options, plan.liveUntil)
}

/** What came after the archive's end, from the broker. */
async function* liveRuns(options: StreamOptions, until: bigint): AsyncGenerator<RowRun, void, undefined> {
  const { source, plan, selection, next, eventLog, signal } = options
  const { topic, incarnationId } = source
  if (incarnationId === null) throw new TypeError(`${topic} has no identity at the broker`)
  const from = next > plan.until ? next : plan.until
  const { partition } = plan
  const live = openLiveSource({ eventLog, topic: { topic, incarnationId }, partition, from, until, signal })
  const wanted = rowFilter(windowOf(options), criteriaOf(selection))
  try {
    for (let rows = await live.next(); rows !== null; rows = await live.next()) {
      const kept = wanted(rows)
      yield { rows: kept, from: 0, to: kept.rows, next: rows.offset[rows.rows - 1]! + 1n }
    }
  } finally {
    await live.close()
  }
}

function windowOf({ plan, selection, next }: StreamOptions): RowWindow {
  return {
    fromOffset: next > plan.from ? next : plan.from,
    untilOffset: plan.until,
    fromTimestampMs: selection.fromTimestampMs,
    untilTimestampMs: selection.untilTimestampMs,
  }
}

/** Null: no condition on keys and headers. */
export function criteriaOf({ keys, headers }: Selection): RowCriteria | null {
  return keys === null && headers.length === 0 ? null : { keys, headers }
}

/** The segment, or as much of it as can be read where that is accepted. */
async function openArchived(options: StreamOptions, segment: CommittedSegment): Promise<OpenSegment> {
  const { store, source, plan, selection, onDamaged } = options
  const unlessDamaged = async <T>(read: () => Promise<T>): Promise<T | null> => {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof DamagedDataError)) throw error
      await onDamaged(segment, error)
      return null
    }
  }
  const opened = await unlessDamaged(() =>
    openSegment({
      ...{ store, segment, topic: source.topic, incarnation: source.incarnation, partition: plan.partition },
      window: windowOf(options),
      criteria: criteriaOf(selection),
      picker: options.picker,
      signal: options.signal,
    }),
  )
  return { next: async () => (opened === null ? null : unlessDamaged(() => opened.next())) }
}
