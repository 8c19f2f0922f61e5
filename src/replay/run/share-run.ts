import { ConflictError, type DamagedDataError, InvalidInputError, UnavailableError } from '../../errors.ts'
import type { CommittedSegment } from '../../format/segment.ts'
import type { EventWriter, ShareId } from '../../ports/event-log.ts'
import type { Log } from '../../ports/log.ts'
import type { ReplayChange } from '../change/replay-change.ts'
import type { ReplayDeps } from '../deps.ts'
import { emit } from '../emit/emit.ts'
import { type LaneStream, runLane } from '../emit/lane.ts'
import { keyPartition } from '../emit/murmur2.ts'
import { Pace, type ShareRate } from '../emit/pace.ts'
import { decodeProgress, positionOf, type ReplayProgress, streamKey } from '../emit/progress.ts'
import type { LaneStep, StepLimits } from '../emit/step-draft.ts'
import { endOffset, type SharePlan, type StreamRef } from '../plan/plan.ts'
import { planOf } from '../plan/shares.ts'
import type { PreparedTarget } from '../plan/target.ts'
import { pickerOf } from '../read/conditions.ts'
import { noteSkipped, skippable } from '../read/skipped-segment.ts'
import { streamRows } from '../read/stream.ts'
import { targetTopics } from '../request/request.ts'
import type { StoredReplay } from './stored-replay.ts'

export interface ShareRunOptions {
  deps: ReplayDeps
  replay: StoredReplay
  share: SharePlan
  targets: ReadonlyMap<string, PreparedTarget>
  change: ReplayChange
  /** Codes of findings that are put up with. */
  accept: readonly string[]
  rate: ShareRate
  /** How many dead letters other shares of the replay have, as far as is known here. */
  deadLettersElsewhere: () => number
  /** Called with what is committed: when the writer was opened, and after each commit. */
  onProgress: (progress: ReplayProgress) => void
}

const maxBackoffMs = 15_000
/** Room for what a broker puts around a block's records. */
const blockHeadBytes = 1024
/** A step that goes into many partitions is at most so many times as large as one that goes into one. */
const maxStepFactor = 8

/**
 * A share of a replay at work in this process. When the broker or the store is away, or a commit's outcome is unknown, it
 * opens its writer again, asks what was committed and goes on from there.
 */
export class ShareRun {
  readonly share: number
  /**
   * Resolves with how it ended. Rejects with FencedError when another instance runs the share now, the reason it was
   * aborted with, DamagedDataError for a segment that does not hold together, UnavailableError when waiting did not help.
   */
  readonly done: Promise<'finished' | 'halted'>
  /** What is committed, as far as it is known; null before the writer was opened. */
  progress: ReplayProgress | null = null
  readonly #options: ShareRunOptions
  readonly #pace: Pace
  readonly #stop = new AbortController()
  readonly #halt = new AbortController()
  /** What every target takes. */
  #largestBlock: number

  constructor(options: ShareRunOptions) {
    this.#options = options
    this.share = options.share.share
    this.#largestBlock = Math.min(...[...options.targets.values()].map(({ maxRecordBytes }) => maxRecordBytes))
    this.#pace = new Pace(options.deps.clock, options.rate)
    this.done = this.#run()
  }

  setRate(rate: ShareRate): void {
    this.#pace.set(rate)
  }

  /** Commits what was written and stands still. */
  halt(): void {
    this.#halt.abort()
  }

  /** Stops at once; what is not committed is dropped. */
  abort(reason: Error): void {
    this.#stop.abort(reason)
  }

  async #run(): Promise<'finished' | 'halted'> {
    const { deps, replay } = this.#options
    const { clock, log, limits } = deps
    const woken = AbortSignal.any([this.#stop.signal, this.#halt.signal])
    let troubledSinceMs: number | null = null
    for (let failures = 0; ; ) {
      const before = positionOf(this.progress)
      try {
        return await this.#attempt()
      } catch (error) {
        if (await this.#shrinksBlocks(error)) continue
        if (!(error instanceof UnavailableError)) throw error
        // a commit whose answer was lost is progress too: it shows when the writer is opened again
        if (positionOf(this.progress) !== before) troubledSinceMs = null
        failures = troubledSinceMs === null ? 1 : failures + 1
        troubledSinceMs ??= clock.nowMs()
        if (clock.nowMs() - troubledSinceMs > limits.maxTroubleMs) throw error
        if (this.#halt.signal.aborted) return 'halted'
        const waitMs = Math.min(maxBackoffMs, 100 * 2 ** failures)
        const trouble = { replay: replay.id, share: this.share, code: error.code, reason: error.message, waitMs }
        log.warn('replay interrupted, it goes on after a pause', trouble)
        await Promise.allSettled([clock.sleep(waitMs, woken)])
        this.#stop.signal.throwIfAborted()
        if (this.#halt.signal.aborted) return 'halted'
      }
    }
  }

  async #attempt(): Promise<'finished' | 'halted'> {
    const { deps, replay, share } = this.#options
    const { clock, limits, log } = deps
    const { id, run, plan, job } = replay
    const writer = await openShareWriter(deps, replay, this.share)
    try {
      // Only now can nobody else come to its end any more. Of a share that did, the broker may have forgotten the progress.
      const [entry, { state }] = await Promise.all([deps.records.share(id, this.share), deps.records.state(replay)])
      if (entry?.state === 'finished') {
        this.#keep(entry.progress)
        return 'finished'
      }
      // A start that slept until the replay was paused or cancelled must not write after that was said.
      if (state !== 'running') return 'halted'
      const progress = progressOf(writer, id, run)
      this.#keep(progress)
      const isOpen = (stream: StreamRef): boolean =>
        nextOf(replay, stream, progress) < endOffset(planOf(plan.sources, stream))
      const lanes = share.lanes
        .map((lane) => lane.streams.filter(isOpen))
        .filter((streams) => streams.length > 0)
        .map((streams) => () => this.#startLane(streams, progress))
      return await emit({
        ...{ writer, progress, lanes, limits, clock, pace: this.#pace },
        maxLanes: Math.max(1, Math.floor(limits.maxLanes / plan.shares.length)),
        maxDeadLetters: () => (job.transform?.maxDeadLetters ?? 0) - this.#options.deadLettersElsewhere(),
        signal: this.#stop.signal,
        halt: this.#halt.signal,
        onCommit: (committed) => this.#keep(committed),
      })
    } finally {
      await closeWriter(writer, id, log)
    }
  }

  /** Whether a target takes less than when the run began, so that trying again with smaller blocks makes sense. */
  async #shrinksBlocks(error: unknown): Promise<boolean> {
    if (!(error instanceof InvalidInputError) || error.code !== 'record-too-large') return false
    const before = this.#largestBlock
    for (const topic of this.#options.targets.keys()) {
      const info = await this.#options.deps.eventLog.inspectTarget(topic)
      if (info !== null) this.#largestBlock = Math.min(this.#largestBlock, info.maxRecordBytes)
    }
    return this.#largestBlock < before
  }

  #keep(progress: ReplayProgress): void {
    this.progress = progress
    this.#options.onProgress(progress)
  }

  #startLane(streams: readonly StreamRef[], progress: ReplayProgress): AsyncGenerator<LaneStep, void, undefined> {
    const { replay, deps } = this.#options
    const lane = streams.map((stream) => this.#stream(stream, nextOf(replay, stream, progress)))
    const partitions = replay.job.order === 'partition' ? 1 : replay.targetPartitions
    const factor = Math.min(maxStepFactor, partitions)
    const { maxBlockBytes, maxRows } = deps.limits.step
    const limits: StepLimits = {
      maxBytes: maxBlockBytes * factor,
      maxRows: maxRows * factor,
      maxBlockBytes: Math.max(1, Math.min(maxBlockBytes, this.#largestBlock - blockHeadBytes)),
      maxSpanMs: Number.POSITIVE_INFINITY,
    }
    return runLane(lane, () => this.#pace.tighten(limits))
  }

  #stream(ref: StreamRef, next: bigint): LaneStream {
    const { deps, replay, change } = this.#options
    const { job, plan } = replay
    const source = plan.sources[ref.source]!
    const partitionPlan = planOf(plan.sources, ref)
    const { store, eventLog } = deps
    return {
      ...{ source: ref.source, partition: ref.partition, next },
      until: endOffset(partitionPlan),
      target: source.target,
      placeOf: placing(replay, ref.partition),
      runs: streamRows({
        ...{ source, plan: partitionPlan, selection: job.source, next, store, eventLog },
        picker: pickerOf(deps.conditions, job.source.where, source, partitionPlan),
        change: change.of(source.topic, ref.partition),
        signal: this.#stop.signal,
        onDamaged: (segment, error) => this.#passOver(source.topic, ref.partition, segment, error),
      }),
      deadLetters: this.#deadLetters(source.topic, ref.partition),
    }
  }

  /** Each share has a partition of that topic to itself, for the reason that divideShares has. */
  #deadLetters(topic: string, partition: number): LaneStream['deadLetters'] {
    const letters = this.#options.change.deadLettersOf(topic, partition)
    if (letters === null) return null
    return { ...letters, partition: this.share % this.#options.targets.get(letters.topic)!.partitions }
  }

  async #passOver(topic: string, partition: number, segment: CommittedSegment, error: DamagedDataError): Promise<void> {
    const { deps, replay, accept } = this.#options
    if (!skippable.includes(error.code) || !accept.includes(error.code)) throw error
    const details = { replay: replay.id, segment: segment.path, reason: error.message }
    deps.log.error('a replay passes over a segment, because that is accepted', details)
    await noteSkipped(deps.store, replay.id, topic, partition, segment, error.message)
  }
}

/** Fences whoever writes the share now. */
export function openShareWriter({ eventLog }: ReplayDeps, replay: StoredReplay, share: number): Promise<EventWriter> {
  const deadLetters = replay.job.transform?.deadLetterTopic ?? null
  const targets = [...targetTopics(replay.job.target), ...(deadLetters === null ? [] : [deadLetters])]
  return eventLog.openWriter({ ...shareId(replay, share), targets })
}

/** What the broker knows a share by. */
export function shareId({ id, plan }: StoredReplay, share: number): ShareId {
  return { replay: id, task: share, tasks: plan.shares.length }
}

/** What a writer that was just opened says of an earlier start of the same share. */
export function progressOf({ progress }: EventWriter, id: string, run: string): ReplayProgress {
  if (progress === null) return { run, activeMs: 0, streams: new Map() }
  return ownProgress(progress, id, run)
}

/** Decodes what a share committed. Throws ConflictError `replay-id-taken` when that was another archive's replay. */
export function ownProgress(bytes: Uint8Array, id: string, run: string): ReplayProgress {
  const progress = decodeProgress(bytes)
  if (progress.run === run) return progress
  throw new ConflictError('replay-id-taken', `the broker knows a replay named ${id} of another archive`, {
    remedy: 'Start the replay under another id.',
    details: { id },
  })
}

/** Closing may fail when the broker is away; that must not hide why the writer is closed. */
export async function closeWriter(writer: EventWriter, id: string, log: Log): Promise<void> {
  const [closed] = await Promise.allSettled([writer.close()])
  if (closed.status === 'rejected') {
    log.warn('a replay writer did not close in good order', { replay: id, reason: String(closed.reason) })
  }
}

function nextOf({ plan }: StoredReplay, stream: StreamRef, progress: ReplayProgress): bigint {
  return progress.streams.get(streamKey(stream))?.next ?? planOf(plan.sources, stream).from
}

/** Partition that a record goes into: of the same number, or where its key belongs; without a key it keeps its number. */
function placing({ job, targetPartitions }: StoredReplay, partition: number): LaneStream['placeOf'] {
  if (job.order !== 'key' && job.target.partitions === null) return () => partition
  const keyless = partition % targetPartitions
  return (bytes, start, length) => (length < 0 ? keyless : keyPartition(bytes, start, length, targetPartitions))
}
