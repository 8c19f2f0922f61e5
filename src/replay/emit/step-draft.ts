import { type OutgoingRecord, RecordEncoder } from '../../format/record-batch/index.ts'
import type { RowBatch } from '../../format/row-batch.ts'
import type { RecordBlock } from '../../ports/record-block.ts'
import type { StreamRef } from '../plan/plan.ts'

/** Records for one partition of a topic that is written into. */
export interface TargetBlock {
  topic: string
  partition: number
  /** Valid until the step after the next one is asked for. */
  block: RecordBlock
}

/** What a step adds to a stream. */
export interface StreamStep extends StreamRef {
  /** Source offset to go on from. */
  next: bigint
  rows: number
  /** Bytes of the records, uncompressed. */
  bytes: number
  /** Source offsets of the first and last record; null without one. */
  firstOffset: bigint | null
  lastOffset: bigint | null
  deadLetters: number
}

/** A step of a lane on its way: the next records, encoded, and where that brings its streams. */
export interface LaneStep {
  blocks: TargetBlock[]
  streams: StreamStep[]
  rows: number
  bytes: number
  /** Timestamp of the first record; null without one. */
  timestampMs: number | null
}

/** A step is closed at the first of these that it reaches, or before a record that would go beyond `maxBlockBytes`. */
export interface StepLimits {
  /** Of all blocks together. */
  maxBytes: number
  maxRows: number
  /** Of one partition's block (unless a single record is larger). */
  maxBlockBytes: number
  /** From the first record's timestamp to the last one's; infinite where the pace does not go by time. */
  maxSpanMs: number
}

/** Partition of a record with this key; `length` is -1 for a null key. */
export type PlaceOf = (bytes: Uint8Array, start: number, length: number) => number

/** Smaller to begin with where there may be many. */
const encoderBytes = 16 * 1024

/**
 * Gathers records until they make a step. Has two sets of buffers, so that one step's blocks can be written while the
 * next one's are filled.
 */
export class StepDraft {
  /** By topic and partition. */
  readonly #sets: [Map<string, RecordEncoder[]>, Map<string, RecordEncoder[]>] = [new Map(), new Map()]
  #turn: 0 | 1 = 0
  #streams = new Map<number, StreamStep>()
  rows = 0
  bytes = 0
  timestampMs: number | null = null

  isFull({ maxRows, maxBytes }: StepLimits): boolean {
    return this.rows >= maxRows || this.bytes >= maxBytes
  }

  /** Whether the step would span too much time with this row. */
  wouldSpan(rows: RowBatch, row: number, { maxSpanMs }: StepLimits): boolean {
    if (maxSpanMs === Number.POSITIVE_INFINITY || this.timestampMs === null) return false
    return timestampMsOf(rows, row) - this.timestampMs > maxSpanMs
  }

  /**
   * Adds rows `[from, to)` as they are until one does not belong into the step any more, each to the partition that
   * `placeOf` gives its key; answers that row, or `to`. A step takes its first row whatever it is.
   */
  addRows(topic: string, placeOf: PlaceOf, rows: RowBatch, from: number, to: number, limits: StepLimits): number {
    const encoders = this.#encodersOf(topic)
    const { key } = rows
    for (let row = from; row < to; row += 1) {
      if (row > from && this.isFull(limits)) return row
      if (this.rows > 0 && this.wouldSpan(rows, row, limits)) return row
      const partition = placeOf(key.bytes, key.start[row]!, key.length[row]!)
      const encoder = encoderOf(encoders, partition)
      const bytes = encoder.append(rows, row, limits.maxBlockBytes)
      if (bytes === 0) return row
      this.#note(bytes, rows, row)
    }
    return to
  }

  /** Adds a record that a row has become. */
  addRecord(topic: string, partition: number, record: OutgoingRecord, rows: RowBatch, row: number): void {
    const encoder = encoderOf(this.#encodersOf(topic), partition)
    const before = encoder.bytes
    encoder.appendRecord(record)
    this.#note(encoder.bytes - before, rows, row)
  }

  /** What the step adds to the lane's stream of that index. */
  stream(index: number, ref: StreamRef, next: bigint): StreamStep {
    let step = this.#streams.get(index)
    if (step === undefined) {
      const { source, partition } = ref
      step = { source, partition, next, rows: 0, bytes: 0, firstOffset: null, lastOffset: null, deadLetters: 0 }
      this.#streams.set(index, step)
    }
    return step
  }

  /** The step so far, and a fresh start. */
  finish(): LaneStep {
    const blocks: TargetBlock[] = []
    for (const [topic, encoders] of this.#sets[this.#turn]) {
      encoders.forEach((encoder, partition) => {
        if (encoder.count > 0) blocks.push({ topic, partition, block: encoder.finish() })
      })
    }
    const { rows, bytes, timestampMs } = this
    const step = { blocks, streams: [...this.#streams.values()], rows, bytes, timestampMs }
    this.#turn = this.#turn === 0 ? 1 : 0
    this.#streams = new Map()
    this.rows = 0
    this.bytes = 0
    this.timestampMs = null
    return step
  }

  /** By partition. */
  #encodersOf(topic: string): RecordEncoder[] {
    const set = this.#sets[this.#turn]
    let encoders = set.get(topic)
    if (encoders === undefined) {
      encoders = []
      set.set(topic, encoders)
    }
    return encoders
  }

  #note(bytes: number, rows: RowBatch, row: number): void {
    this.rows += 1
    this.bytes += bytes
    this.timestampMs ??= timestampMsOf(rows, row)
  }
}

function encoderOf(encoders: RecordEncoder[], partition: number): RecordEncoder {
  const encoder = encoders[partition] ?? new RecordEncoder(encoderBytes)
  encoders[partition] = encoder
  return encoder
}

function timestampMsOf(rows: RowBatch, row: number): number {
  return Number(rows.timestampMicros[row]! / 1000n)
}
