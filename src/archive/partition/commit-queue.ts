import type { LogHead } from '../../catalog/log-state.ts'
import { UnavailableError } from '../../errors.ts'
import { countOffsets, LOSSES } from '../../format/gaps.ts'
import type { OutgoingRecord } from '../../format/record-batch/index.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { PartitionCommitter } from '../commit/commit-protocol.ts'
import type { SealedRange } from '../commit/sealed.ts'
import type { CloseReason } from './rotate.ts'

/** What is told of a range that is archived. */
export interface CommittedRange {
  from: bigint
  next: bigint
  segments: number
  records: number
  bytes: number
  /** Offsets without a row that may have held data. */
  lostOffsets: bigint
  reason: CloseReason
}

export interface CommitQueueParts {
  /** Names the partition in messages: `orders-3`. */
  name: string
  committer: PartitionCommitter
  clock: Clock
  log: Log
  /** Aborted when waiting for a store that is out of reach has no more sense. */
  givesUp: AbortSignal
  onCommitted(range: CommittedRange): void
  sendDeadLetters(letters: readonly OutgoingRecord[]): Promise<void>
}

/** A sealed range with what made it close and the bytes its segments hold in memory. */
export interface ClosedRange extends SealedRange {
  reason: CloseReason
  bytes: number
  /** Records that were passed over and go to the dead letter topic before the range is committed. */
  deadLetters: readonly OutgoingRecord[]
}

const firstRetryMs = 200
const lastRetryMs = 30_000

/** Commits a partition's sealed ranges one after the other, while the next one fills. */
export class CommitQueue {
  /** Where a rival's commit has moved the partition to: everything not committed is to be read again from there. */
  superseded: LogHead | null = null
  /** What stopped the queue for good; null while it works. */
  failure: unknown = null
  readonly #parts: CommitQueueParts
  readonly #waiting: ClosedRange[] = []
  #running: Promise<void> | null = null

  constructor(parts: CommitQueueParts) {
    this.#parts = parts
  }

  /** Memory that the segments hold which wait for their commit. */
  get heldBytes(): number {
    return this.#waiting.reduce((bytes, range) => bytes + range.bytes, 0)
  }

  /** Ranges that are not committed yet. */
  get length(): number {
    return this.#waiting.length
  }

  /** Puts a range at the end of the queue. Ignored after a rival took over: its records will be read again. */
  add(range: ClosedRange): void {
    if (this.superseded !== null) return
    this.#waiting.push(range)
    this.#running ??= this.#run()
  }

  /** Waits until the queue is empty or has stopped for good. */
  async idle(): Promise<void> {
    await this.#running
  }

  /** Waits until the queue is empty. Throws what stopped it for good. */
  async settled(): Promise<void> {
    await this.#running
    if (this.failure !== null) throw this.failure
  }

  /** Begins anew after the rival's state was taken over. */
  restart(): void {
    this.superseded = null
  }

  async #run(): Promise<void> {
    try {
      for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
        const { outcome, state } = await this.#commit(first)
        if (outcome === 'superseded') {
          this.superseded = state
          this.#waiting.length = 0
          return
        }
        this.#waiting.shift()
        this.#parts.onCommitted(describe(first))
      }
    } catch (error) {
      this.failure = error
    } finally {
      this.#running = null
    }
  }

  /** A store that is out of reach for a while costs time, never data: the range is kept and tried again. */
  async #commit(sealed: ClosedRange): ReturnType<PartitionCommitter['commit']> {
    const { committer, clock, log, name, givesUp, sendDeadLetters } = this.#parts
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, lastRetryMs)) {
      try {
        // before the commit: what is sent twice after a crash is better than what is never sent
        if (sealed.deadLetters.length > 0) await sendDeadLetters(sealed.deadLetters)
        return await committer.commit(sealed)
      } catch (error) {
        if (!(error instanceof UnavailableError) || givesUp.aborted) throw error
        log.warn('the store is out of reach, the commit will be tried again', {
          partition: name,
          from: sealed.from,
          retryMs,
          error: error.message,
        })
        await clock.sleep(retryMs, givesUp)
      }
    }
  }
}

function describe({ from, next, segments, gaps, bytes, reason }: ClosedRange): CommittedRange {
  const records = segments.reduce((sum, segment) => sum + segment.records, 0)
  const lostOffsets = countOffsets(gaps.filter((gap) => LOSSES.has(gap.reason)))
  return { from, next, segments: segments.length, records, bytes, lostOffsets, reason }
}
