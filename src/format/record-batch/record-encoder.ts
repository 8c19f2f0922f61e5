import { InvalidInputError } from '../../errors.ts'
import type { RecordBlock } from '../../ports/record-block.ts'
import type { BinaryColumn, HeaderColumn, RowBatch } from '../row-batch.ts'
import { MillisColumn } from './millis-column.ts'
import { differenceBytes, varintBytes, writeDifference, writeVarint } from './varint.ts'

/** A record to append when there are few of them. */
export interface OutgoingRecord {
  key: Uint8Array | null
  value: Uint8Array | null
  headers: readonly { key: Uint8Array; value: Uint8Array | null }[]
  /** Milliseconds since the epoch, an integer within ±8.64e15; -1 for none. */
  timestampMs: number
}

/** Bytes up to this length are copied by a loop, which is faster than a call for them. */
const shortCopyBytes = 32
/** A payload must fit the 32-bit length of a batch. */
const maxPayloadBytes = 0x7fffffff - 1024

/**
 * Builds the payload of a block from rows, one record after the other, offset deltas 0, 1, 2 …; can be used again after
 * `finish`. Its buffer grows to the largest block it ever held and stays.
 */
export class RecordEncoder {
  #bytes: Buffer
  #at = 0
  #count = 0
  #baseTimestampMs = 0
  #maxTimestampMs = -1
  readonly #millis = new MillisColumn()

  constructor(initialBytes: number = 64 * 1024) {
    this.#bytes = Buffer.allocUnsafe(initialBytes)
  }

  /** Number of records since the last `finish`. */
  get count(): number {
    return this.#count
  }

  /** Size of the payload so far. */
  get bytes(): number {
    return this.#at
  }

  /** Appends one row of a batch, offset left out. Throws InvalidInputError `batch-too-large` over 2 GiB. */
  append(rows: RowBatch, row: number): void {
    const timestampMs = this.#millis.at(rows.timestampMicros, row)
    this.#noteTimestamp(timestampMs)
    const keyLength = rows.key.length[row]!
    const valueLength = rows.value.length[row]!
    const { first, keys, values } = rows.headers
    const from = first[row]!
    const to = first[row + 1]!
    const size =
      1 +
      differenceBytes(timestampMs, this.#baseTimestampMs) +
      varintBytes(this.#count) +
      fieldBytes(keyLength) +
      fieldBytes(valueLength) +
      headersBytes(rows.headers, from, to)
    this.#writeHead(size, timestampMs)
    this.#writeField(rows.key, row)
    this.#writeField(rows.value, row)
    this.#at = writeVarint(this.#bytes, this.#at, to - from)
    for (let header = from; header < to; header += 1) {
      this.#writeField(keys, header)
      this.#writeField(values, header)
    }
    this.#count += 1
  }

  /** Appends one record. Throws InvalidInputError `batch-too-large` over 2 GiB. */
  appendRecord(record: OutgoingRecord): void {
    this.#noteTimestamp(record.timestampMs)
    let size = 1 + differenceBytes(record.timestampMs, this.#baseTimestampMs)
    size += varintBytes(this.#count) + varintBytes(record.headers.length)
    size += fieldBytes(record.key?.length ?? -1) + fieldBytes(record.value?.length ?? -1)
    for (const { key, value } of record.headers) size += fieldBytes(key.length) + fieldBytes(value?.length ?? -1)
    this.#writeHead(size, record.timestampMs)
    this.#writeBytes(record.key)
    this.#writeBytes(record.value)
    this.#at = writeVarint(this.#bytes, this.#at, record.headers.length)
    for (const { key, value } of record.headers) {
      this.#writeBytes(key)
      this.#writeBytes(value)
    }
    this.#count += 1
  }

  /**
   * The records so far as an uncompressed block that begins at offset 0, and a fresh start. The payload is a view that
   * the next append overwrites. Without records, `count` is 0 and `lastOffset` -1.
   */
  finish(): RecordBlock {
    const block: RecordBlock = {
      baseOffset: 0n,
      lastOffset: BigInt(this.#count - 1),
      baseTimestampMs: BigInt(this.#baseTimestampMs),
      appendTimestampMs: null,
      maxTimestampMs: BigInt(this.#maxTimestampMs),
      count: this.#count,
      codec: 'none',
      payload: this.#bytes.subarray(0, this.#at),
    }
    this.#at = 0
    this.#count = 0
    this.#baseTimestampMs = 0
    this.#maxTimestampMs = -1
    return block
  }

  #noteTimestamp(timestampMs: number): void {
    if (this.#count === 0) {
      this.#baseTimestampMs = timestampMs
      this.#maxTimestampMs = timestampMs
    } else if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs
  }

  #writeHead(size: number, timestampMs: number): void {
    this.#reserve(size + 5)
    const bytes = this.#bytes
    let at = writeVarint(bytes, this.#at, size)
    bytes[at] = 0
    at = writeDifference(bytes, at + 1, timestampMs, this.#baseTimestampMs)
    this.#at = writeVarint(bytes, at, this.#count)
  }

  #writeField(column: BinaryColumn, index: number): void {
    const length = column.length[index]!
    const bytes = this.#bytes
    let at = writeVarint(bytes, this.#at, length)
    if (length > 0) {
      const from = column.start[index]!
      const source = column.bytes
      if (length > shortCopyBytes) source.copy(bytes, at, from, from + length)
      else for (let index = 0; index < length; index += 1) bytes[at + index] = source[from + index]!
      at += length
    }
    this.#at = at
  }

  #writeBytes(field: Uint8Array | null): void {
    this.#at = writeVarint(this.#bytes, this.#at, field?.length ?? -1)
    if (field !== null) {
      this.#bytes.set(field, this.#at)
      this.#at += field.length
    }
  }

  #reserve(more: number): void {
    const needed = this.#at + more
    if (needed <= this.#bytes.length) return
    if (needed > maxPayloadBytes) {
      throw new InvalidInputError('batch-too-large', `${needed} bytes of records do not fit one record batch`, {
        remedy: 'Write smaller batches.',
      })
    }
    const grown = Buffer.allocUnsafe(Math.min(maxPayloadBytes, Math.max(needed, this.#bytes.length * 2)))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}

/** Size of a byte string with its length; -1 stands for null. */
function fieldBytes(length: number): number {
  return length > 0 ? varintBytes(length) + length : 1
}

function headersBytes(headers: HeaderColumn, from: number, to: number): number {
  let size = varintBytes(to - from)
  for (let index = from; index < to; index += 1) {
    size += fieldBytes(headers.keys.length[index]!) + fieldBytes(headers.values.length[index]!)
  }
  return size
}
