import { DamagedDataError } from '../../errors.ts'
import { LOSSES } from '../../format/gaps.ts'
import type { RecordCursor } from '../../format/record-batch/index.ts'
import type { RecordView } from '../../format/record-view.ts'
import type { Clock } from '../../ports/clock.ts'
import type { PartitionFetch } from '../../ports/event-log.ts'
import type { Log } from '../../ports/log.ts'
import type { GapReason } from '../../ports/record-block.ts'
import type { Connector } from '../connector/connector.ts'
import type { CommitQueue } from './commit-queue.ts'
import { deadLetter } from './dead-letters.ts'
import type { OpenRange } from './open-range.ts'
import { type CloseReason, closesAtTimestampMs, closesNow } from './rotate.ts'
import type { Router } from './route.ts'
import { type OffsetOf, type OffsetSink, walkFetch } from './walk-fetch.ts'

/** What one partition's capture is made of. */
export interface PartitionCaptureParts {
  topic: string
  partition: number
  /** First offset to take. */
  position: bigint
  router: Router
  rotation: Connector['rotation']
  /** What is done about records that cannot be archived. */
  connector: Pick<Connector, 'name' | 'errors' | 'nullValues'>
  openRange(from: bigint, nowMs: number): OpenRange
  /** Shared by all partitions of a thread: one record at a time. */
  cursor: RecordCursor
  commits: CommitQueue
  clock: Clock
  log: Log
}

/** Offsets of one fetch among which are some that have no row although they may have held data. */
interface LostOffsets {
  /** Of the first of them. */
  reason: GapReason
  firstOffset: bigint
  lastOffset: bigint
  error: DamagedDataError | null
}

/** One partition on its way into the archive: fills the open range, closes it by the rules, hands it on to be committed. */
export class PartitionCapture implements OffsetSink {
  readonly topic: string
  readonly partition: number
  readonly commits: CommitQueue
  /** Records taken since the start. */
  records = 0
  /** Offset after the last one that a read-committed reader could reach at the last fetch. */
  end: bigint
  readonly #parts: PartitionCaptureParts
  #position: bigint
  #open: OpenRange | null = null
  #lost: LostOffsets | null = null
  #closesAtTimestampMs = Number.POSITIVE_INFINITY
  #nowMs = 0

  constructor(parts: PartitionCaptureParts) {
    this.topic = parts.topic
    this.partition = parts.partition
    this.commits = parts.commits
    this.end = parts.position
    this.#position = parts.position
    this.#parts = parts
  }

  /** Next offset to take. */
  get position(): bigint {
    return this.#position
  }

  /** Memory held by open segments and by those that wait for their commit. */
  get heldBytes(): number {
    return this.openBytes + this.commits.heldBytes
  }

  /** Memory held by open segments alone. */
  get openBytes(): number {
    return this.#open?.heldBytes ?? 0
  }

  /** How much of that is not compressed yet. */
  get rawBytes(): number {
    return this.#open?.rawBytes ?? 0
  }

  /** Compresses it. */
  squeeze(): void {
    this.#open?.squeeze()
  }

  /**
   * Takes what was fetched; offsets taken before are passed over. Throws DamagedDataError for what cannot be archived,
   * if the connector does not tolerate it: `position` is then the offset concerned.
   */
  take(fetch: PartitionFetch): void {
    this.end = fetch.end
    if (fetch.next <= this.#position) return
    if (fetch.from > this.#position)
      throw new RangeError(`${this.topic}-${this.partition}: ${fetch.from} was fetched, ${this.#position} comes next`)
    this.#nowMs = this.#parts.clock.nowMs()
    this.#lost = null
    try {
      this.#position = walkFetch(fetch, this.#position, this.#parts.cursor, this)
    } finally {
      if (this.#lost !== null) this.#sayLost(this.#lost)
    }
  }

  /** Closes the open range when the clock or its size say so. */
  tick(nowMs: number): void {
    if (this.#open === null) return
    const reason = closesNow(this.#open, this.#parts.rotation, nowMs)
    if (reason !== null) this.close(reason)
  }

  /** Closes what is open, whatever the rules say. */
  close(reason: CloseReason): void {
    if (this.#open !== null) this.#closeAt(this.#position, reason)
  }

  /** Drops what is not committed and goes on from `position`, where a rival's commit has moved the partition to. */
  restartAt(position: bigint): void {
    this.#open = null
    this.#position = position
  }

  record(record: RecordView, offset: OffsetOf): void {
    if (record.valueLength < 0 && this.#parts.connector.nullValues !== 'write') {
      this.#nullValue(offset())
      return
    }
    const { router, rotation } = this.#parts
    let timestampMs: number
    try {
      timestampMs = router.timestampOf(record)
    } catch (error) {
      if (!(error instanceof DamagedDataError) || this.#parts.connector.errors.tolerance === 'none') throw error
      this.#passOver(error, 'unreadable', offset(), offset())
      this.#keepDeadLetter(record, offset(), error)
      return
    }
    if (timestampMs >= this.#closesAtTimestampMs && this.#open !== null) this.#closeAt(offset(), 'interval')
    const open = this.#open ?? this.#openAt(offset())
    if (open.firstTimestampMs === null) this.#closesAtTimestampMs = closesAtTimestampMs(timestampMs, rotation)
    open.lastChangeAtMs = this.#nowMs
    const rows = open.append(record, router.folderAt(timestampMs), timestampMs)
    this.records++
    if (rows === rotation.flushSize) this.#closeAt(offset() + 1n, 'flush-size')
  }

  gap(reason: GapReason, firstOffset: bigint, lastOffset: bigint): void {
    if (LOSSES.has(reason)) this.#lost = { ...(this.#lost ?? { reason, firstOffset, error: null }), lastOffset }
    const open = this.#open ?? this.#openAt(firstOffset)
    open.lastChangeAtMs = this.#nowMs
    open.addGap(reason, firstOffset, lastOffset)
  }

  damaged(error: DamagedDataError, firstOffset: bigint, lastOffset: bigint): void {
    if (this.#parts.connector.errors.tolerance === 'none') {
      // what came before it is archived when the partition is closed
      this.#position = firstOffset
      throw error
    }
    this.#passOver(error, 'corrupt', firstOffset, lastOffset)
  }

  #passOver(error: DamagedDataError, reason: GapReason, firstOffset: bigint, lastOffset: bigint): void {
    this.gap(reason, firstOffset, lastOffset)
    if (this.#lost !== null) this.#lost.error ??= error
  }

  /** One line a fetch, however many there were: the commit log has every offset. */
  #sayLost({ reason, firstOffset, lastOffset, error }: LostOffsets): void {
    const { topic, partition } = this
    const why = error === null ? {} : { error: error.message, remedy: error.remedy }
    this.#parts.log.error('some offsets have no row: a gap', {
      topic,
      partition,
      reason,
      firstOffset,
      lastOffset,
      ...why,
    })
  }

  #keepDeadLetter(record: RecordView, offset: bigint, error: DamagedDataError): void {
    const { connector } = this.#parts
    if (connector.errors.deadLetterTopic === null) return
    const { topic, partition } = this
    const letter = deadLetter(record, { connector: connector.name, topic, partition, offset }, error, this.#nowMs)
    this.#open?.addDeadLetter(letter)
  }

  #nullValue(offset: bigint): void {
    const { topic, partition } = this
    if (this.#parts.connector.nullValues === 'ignore') {
      this.gap('ignored', offset, offset)
      return
    }
    throw new DamagedDataError('null-value', `${topic}-${partition}: the record at offset ${offset} has no value`, {
      remedy: 'Set behavior.on.null.values to write (tombstones are rows) or ignore, or correct the producer.',
      details: { topic, partition, offset: String(offset) },
    })
  }

  #openAt(from: bigint): OpenRange {
    this.#closesAtTimestampMs = Number.POSITIVE_INFINITY
    this.#open = this.#parts.openRange(from, this.#nowMs)
    return this.#open
  }

  #closeAt(next: bigint, reason: CloseReason): void {
    const open = this.#open!
    this.#open = null
    this.commits.add({
      ...open.seal(next),
      routing: this.#parts.router.routing,
      reason,
    })
  }
}
