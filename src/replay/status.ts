import type { StreamProgress } from './emit/progress.ts'
import type { Finding } from './plan/finding.ts'
import { endOffset, partitionRows, planTotals, type ReplayPlan, recordTimes } from './plan/plan.ts'
import { planOf } from './plan/shares.ts'
import type { SkippedSegment } from './read/skipped-segment.ts'
import type { Rate } from './request/rate.ts'
import { jobToJson } from './request/request.ts'
import type { Members } from './request/shape.ts'
import type { WrittenRecords } from './run/share-book.ts'
import type { ReplayState, StateEntry, StateError } from './run/state.ts'
import type { StoredReplay } from './run/stored-replay.ts'

/** A replay as it is shown: JSON-ready, offsets as decimal strings. */
export interface ReplayStatus {
  id: string
  state: ReplayState
  /** ISO 8601 UTC. */
  createdAt: string
  /** Of the last change of state. */
  updatedAt: string
  /** The selection, as the request takes it. */
  source: Members
  target: Members
  order: string
  transform: Members | null
  /** Null: as fast as it goes. */
  rate: Rate | null
  /** Codes of findings that are put up with. */
  accept: readonly string[]
  plan: PlanSummary
  warnings: Finding[]
  /** What is committed in the target; null before the first start knew. */
  progress: StatusProgress | null
  /** Segments that could not be read and were passed over, because that is accepted. */
  skipped: StatusSkipped[]
  /** Why it failed. */
  error: StateError | null
}

/** Offsets that are missing in the target. */
export interface StatusSkipped {
  topic: string
  partition: number
  segment: string
  firstOffset: string
  lastOffset: string
  /** At most so many records. */
  records: number
  reason: string
}

/** Rows and bytes are upper bounds: segments may hold records outside the selection. */
export interface PlanSummary {
  sources: { topic: string; incarnation: number; target: string; partitions: number }[]
  shares: number
  segments: number
  rows: number
  /** Size of the segments' objects. */
  bytes: number
  /** Record times of the segments, ISO 8601 UTC; null when nothing of the archive is read. */
  firstTimestamp: string | null
  lastTimestamp: string | null
}

interface StatusProgress {
  rows: number
  /** Bytes of the records, uncompressed. */
  bytes: number
  /** Records that could not be changed and went into the dead-letter topic. */
  deadLetters: number
  /** How much of the plan's offsets is behind, from 0 to 1. */
  fraction: number
  /** Time at work, over all starts. */
  activeSeconds: number
  /** Since this instance watches it; null when it is not at work. */
  rowsPerSecond: number | null
  /** At the rate so far; null when not known. */
  remainingSeconds: number | null
  partitions: StatusPartition[]
}

interface StatusPartition {
  topic: string
  partition: number
  /** Source offset it goes on from. */
  next: string
  /** Source offset at which it ends. */
  until: string
  rows: number
  /** Source offsets of the first and last record emitted. */
  firstOffset: string | null
  lastOffset: string | null
}

/** How fast the replay is, as far as someone watches it. */
export interface Speed {
  rowsPerSecond: number
  /** Of the plan, per second. */
  fractionPerSecond: number
}

export function planSummary(plan: ReplayPlan): PlanSummary {
  const times = recordTimes(plan)
  return {
    sources: plan.sources.map(({ topic, incarnation, target, partitions }) => ({
      ...{ topic, incarnation, target },
      partitions: partitions.filter((partition) => partitionRows(partition) > 0).length,
    })),
    shares: plan.shares.length,
    ...planTotals(plan),
    firstTimestamp: isoOrNull(times?.firstMs),
    lastTimestamp: isoOrNull(times?.lastMs),
  }
}

function isoOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}

export function replayStatus(
  replay: StoredReplay,
  entry: StateEntry,
  written: WrittenRecords | null,
  speed: Speed | null,
  skipped: readonly SkippedSegment[],
): ReplayStatus {
  const { source, target, order, transform } = jobToJson(replay.job)
  return {
    id: replay.id,
    state: entry.state,
    createdAt: replay.createdAt,
    updatedAt: entry.at,
    source: source as Members,
    target: target as Members,
    order: typeof order === 'string' ? order : replay.job.order,
    transform: (transform as Members | undefined) ?? null,
    rate: entry.rate,
    accept: entry.accept,
    plan: planSummary(replay.plan),
    warnings: replay.warnings,
    progress: written === null ? null : statusProgress(replay.plan, written, speed),
    skipped: skipped.map(({ path, firstOffset, lastOffset, ...rest }) => ({
      ...rest,
      segment: path,
      firstOffset: String(firstOffset),
      lastOffset: String(lastOffset),
    })),
    error: entry.error,
  }
}

/** How much of the plan is behind, from 0 to 1, by the rows that the offsets stand for. */
export function fractionDone(plan: ReplayPlan, streams: readonly StreamProgress[]): number {
  let total = 0
  for (const { partitions } of plan.sources) for (const partition of partitions) total += partitionRows(partition)
  if (total === 0) return 1
  let done = 0
  for (const stream of streams) {
    const partition = planOf(plan.sources, stream)
    const all = Number(endOffset(partition) - partition.from)
    if (all > 0) done += (partitionRows(partition) * Number(stream.next - partition.from)) / all
  }
  return Math.min(1, done / total)
}

function statusProgress(plan: ReplayPlan, written: WrittenRecords, speed: Speed | null): StatusProgress {
  const { rows, bytes, deadLetters, activeMs, streams } = written
  const fraction = fractionDone(plan, streams)
  return {
    ...{ rows, bytes, deadLetters, fraction },
    activeSeconds: activeMs / 1000,
    rowsPerSecond: speed?.rowsPerSecond ?? null,
    remainingSeconds: speed === null || speed.fractionPerSecond <= 0 ? null : (1 - fraction) / speed.fractionPerSecond,
    partitions: streams.map((stream) => ({
      topic: plan.sources[stream.source]!.topic,
      partition: stream.partition,
      next: String(stream.next),
      until: String(endOffset(planOf(plan.sources, stream))),
      rows: stream.rows,
      firstOffset: stream.firstOffset === null ? null : String(stream.firstOffset),
      lastOffset: stream.lastOffset === null ? null : String(stream.lastOffset),
    })),
  }
}
