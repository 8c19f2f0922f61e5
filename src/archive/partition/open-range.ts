import { GapBuilder } from '../../format/gaps.ts'
import { SegmentWriter, type SegmentWriterOptions } from '../../format/parquet/index.ts'
import type { OutgoingRecord } from '../../format/record-batch/index.ts'
import type { RecordView } from '../../format/record-view.ts'
import { type SegmentPathParts, segmentPath } from '../../format/segment-path.ts'
import type { GapReason } from '../../ports/record-block.ts'
import type { ClosedRange } from './commit-queue.ts'
import { deadLetterBytes } from './dead-letters.ts'
import type { RangeFacts } from './rotate.ts'

/** The segments of one partition that are open together, one per time bucket, from `from` on. */
export class OpenRange implements RangeFacts {
  readonly from: bigint
  readonly openedAtMs: number
  lastChangeAtMs: number
  /** Record time of the first record; null as long as there is none. */
  firstTimestampMs: number | null = null
  records = 0
  readonly #writerOptions: SegmentWriterOptions
  readonly #path: Omit<SegmentPathParts, 'firstOffset'>
  readonly #writers = new Map<string, SegmentWriter>()
  readonly #gaps = new GapBuilder()
  readonly #deadLetters: OutgoingRecord[] = []
  #deadLetterBytes = 0
  #folder = ''
  #writer: SegmentWriter | null = null

  constructor(from: bigint, nowMs: number, topicsDir: string, writerOptions: SegmentWriterOptions) {
    this.from = from
    this.openedAtMs = nowMs
    this.lastChangeAtMs = nowMs
    this.#writerOptions = writerOptions
    this.#path = { topicsDir, ...writerOptions.identity }
  }

  /** Adds the record to its bucket's segment; returns the records that segment now has. */
  append(record: RecordView, folder: string, timestampMs: number): number {
    let writer = this.#writer
    if (writer === null || folder !== this.#folder) {
      writer = this.#writers.get(folder) ?? this.#open(folder)
      this.#folder = folder
      this.#writer = writer
    }
    this.firstTimestampMs ??= timestampMs
    this.records++
    writer.append(record)
    return writer.rows
  }

  /** Notes that these offsets have no row. */
  addGap(reason: GapReason, firstOffset: bigint, lastOffset: bigint): void {
    this.#gaps.add(reason, firstOffset, lastOffset)
  }

  /** Keeps a record that has no row here until the range is committed. */
  addDeadLetter(letter: OutgoingRecord): void {
    this.#deadLetters.push(letter)
    this.#deadLetterBytes += deadLetterBytes(letter)
  }

  /** Memory that the open segments hold. */
  get heldBytes(): number {
    let bytes = this.#deadLetterBytes
    for (const writer of this.#writers.values()) bytes += writer.heldBytes
    return bytes
  }

  /** How much of it are raw pages, which `squeeze` gives back. */
  get rawBytes(): number {
    let bytes = 0
    for (const writer of this.#writers.values()) bytes += writer.rawBytes
    return bytes
  }

  /** Compresses what is raw. */
  squeeze(): void {
    for (const writer of this.#writers.values()) writer.squeeze()
  }

  /** Builds all segments; `bytes` is what they hold. The range is not used afterwards. */
  seal(next: bigint): Omit<ClosedRange, 'routing' | 'reason'> {
    let bytes = this.#deadLetterBytes
    const segments = [...this.#writers].map(([folder, writer]) => {
      const built = writer.finish()
      bytes += built.bytes
      const { firstOffset, lastOffset, records } = built
      return {
        path: segmentPath({ ...this.#path, firstOffset }, folder),
        firstOffset,
        lastOffset,
        records,
        build: () => built,
      }
    })
    const { from } = this
    return { from, next, segments, gaps: this.#gaps.build(), bytes, deadLetters: this.#deadLetters }
  }

  #open(folder: string): SegmentWriter {
    const writer = new SegmentWriter(this.#writerOptions)
    this.#writers.set(folder, writer)
    return writer
  }
}
