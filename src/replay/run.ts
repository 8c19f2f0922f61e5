import { ConflictError, UnavailableError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog, EventWriter } from '../ports/event-log.ts'
import type { Log } from '../ports/log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { type EmitLimits, emit } from './emit.ts'
import { runLane } from './lane.ts'
import type { PartitionPlan, ReplayPlan } from './plan.ts'
import { decodeProgress, type ReplayProgress } from './progress.ts'
import { openSegment } from './segment-source.ts'

export interface RunOptions {
  id: string
  /** Random name of this replay among all of its id. */
  run: string
  plan: ReplayPlan
  target: string
  /** Largest record batch that the target takes. */
  maxRecordBytes: number
  limits: EmitLimits
  eventLog: EventLog
  store: ObjectStore
  clock: Clock
  log: Log
  signal: AbortSignal
  /** Called with what is committed: when the writer was opened, and after each commit. */
  onProgress: (progress: ReplayProgress) => void
}

/** Failures in a row, without a commit between them, after which the replay gives up. */
const maxFailures = 8
const maxBackoffMs = 15_000
/**
 * Emits everything of the plan that is not committed yet, and returns the final progress. When the broker or the store
 * is away, or a commit's outcome is unknown, it opens the writer again, asks what was committed and goes on from there.
 * Throws FencedError when another instance runs the replay now, the signal's reason when it aborts,
 * DamagedDataError for a segment that does not hold together, UnavailableError when waiting did not help.
 */
export async function runReplay(options: RunOptions): Promise<ReplayProgress> {
  let failures = 0
  let known: string | null = null
  const onProgress = (progress: ReplayProgress): void => {
    // Also a commit whose answer was lost is progress: it shows when the writer is opened again.
    const position = positionOf(progress)
    if (known !== null && position !== known) failures = 0
    known = position
    options.onProgress(progress)
  }
  for (;;) {
    try {
      return await attempt({ ...options, onProgress })
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
      failures += 1
      if (failures > maxFailures) throw error
      const waitMs = Math.min(maxBackoffMs, 100 * 2 ** failures)
      options.log.warn('replay interrupted, it goes on after a pause', {
        replay: options.id,
        code: error.code,
        reason: error.message,
        waitMs,
      })
      await options.clock.sleep(waitMs, options.signal)
    }
  }
}

/** What a writer that was just opened says of an earlier start of the same replay. */
export function progressOf(writer: EventWriter, id: string, run: string): ReplayProgress {
  if (writer.progress === null) return { run, activeMs: 0, partitions: new Map() }
  const progress = decodeProgress(writer.progress)
  if (progress.run === run) return progress
  throw new ConflictError('replay-id-taken', `the broker knows a replay named ${id} of another archive`, {
    remedy: 'Start the replay under another id.',
    details: { id },
  })
}

async function attempt(options: RunOptions): Promise<ReplayProgress> {
  const { id, run, plan, target, limits, eventLog, clock, signal, onProgress } = options
  const writer = await eventLog.openWriter({ replay: id, task: 0, targets: [target] })
  try {
    const progress = progressOf(writer, id, run)
    onProgress(progress)
    const lanes = plan.partitions
      .filter((partition) => nextOffset(partition, progress) < partition.until && partition.segments.length > 0)
      .map((partition) => () => startLane(options, partition, nextOffset(partition, progress)))
    return await emit({ writer, target, progress, lanes, limits, clock, signal, onCommit: onProgress })
  } finally {
    await closeWriter(writer, id, options.log)
  }
}

/** Tells whether anything was committed between two looks at the progress. */
function positionOf({ partitions }: ReplayProgress): string {
  return [...partitions.values()].map(({ partition, next }) => `${partition}:${next}`).join()
}

/** Closing may fail when the broker is away; that must not hide why the writer is closed. */
export async function closeWriter(writer: EventWriter, id: string, log: Log): Promise<void> {
  const [closed] = await Promise.allSettled([writer.close()])
  if (closed.status === 'rejected') {
    log.warn('a replay writer did not close in good order', { replay: id, reason: String(closed.reason) })
  }
}

function nextOffset(partition: PartitionPlan, progress: ReplayProgress): bigint {
  return progress.partitions.get(partition.partition)?.next ?? partition.from
}

function startLane(options: RunOptions, partition: PartitionPlan, next: bigint): ReturnType<typeof runLane> {
  const { plan, store, maxRecordBytes, limits } = options
  const { fromTimestampMs, untilTimestampMs } = plan
  return runLane({
    plan: partition,
    next,
    fromTimestampMs,
    untilTimestampMs,
    maxBlockBytes: Math.max(1, Math.min(limits.maxBlockBytes, maxRecordBytes - blockHeadBytes)),
    maxBlockRows: limits.maxBlockRows,
    open: (segment) =>
      openSegment({
        store,
        segment,
        topic: plan.topic,
        incarnation: plan.incarnation,
        partition: partition.partition,
        window: { fromOffset: next, untilOffset: partition.until, fromTimestampMs, untilTimestampMs },
      }),
  })
}

/** Room for what a broker puts around a block's records. */
const blockHeadBytes = 1024
