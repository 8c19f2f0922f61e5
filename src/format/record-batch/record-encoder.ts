import { InvalidInputError } from '../../errors.ts'
import type { RecordBlock } from '../../ports/record-block.ts'
import type { HeaderColumn, RowBatch } from '../row-batch.ts'
import { copyBytes, type WordBytes, wordBytes } from './copy-bytes.ts'
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

/** A payload must fit the 32-bit length of a batch. */
const maxPayloadBytes = 0x7fffffff - 1024

/**
 * Builds the payload of a block from rows, one record after the other, offset deltas 0, 1, 2 …; can be used again after
 * `finish`. Its buffer grows to the largest block it ever held and stays.
 */
export class RecordEncoder {
  #buffer: WordBytes
  #at = 0
  #count = 0
  #baseTimestampMs = 0
  #maxTimestampMs = -1
  readonly #millis = new MillisColumn()
  #rows: RowBatch | null = null
  #columns: ColumnBytes | null = null

  constructor(initialBytes: number = 64 * 1024) {
    this.#buffer = wordBytes(Buffer.allocUnsafe(initialBytes))
  }

  /** Number of records since the last `finish`. */
  get count(): number {
    return this.#count
  }

  /** Size of the payload so far. */
  get bytes(): number {
    return this.#at
  }

  /**
   * Appends one row of a batch, offset left out, and returns its size; 0 when it was not appended because the payload would
   * have grown above `maxBytes`, which the first record may. Throws InvalidInputError `batch-too-large` over 2 GiB.
   */
  append(rows: RowBatch, row: number, maxBytes: number = Number.POSITIVE_INFINITY): number {
    const count = this.#count
    const timestampMs = this.#millis.at(rows.timestampMicros, row)
    const { key, value, headers } = rows
    const keyLength = key.length[row]!
    const valueLength = value.length[row]!
    const from = headers.first[row]!
    const to = headers.first[row + 1]!
    const size =
      1 +
      (count === 0 ? 1 : differenceBytes(timestampMs, this.#baseTimestampMs)) +
      varintBytes(count) +
      fieldBytes(keyLength) +
      fieldBytes(valueLength) +
      headersBytes(headers, from, to)
    const whole = varintBytes(size) + size
    if (count > 0 && this.#at + whole > maxBytes) return 0
    this.#noteTimestamp(timestampMs)
    this.#writeHead(size, timestampMs)
    const columns = this.#columnsOf(rows)
    this.#writeField(columns.key, key.start[row]!, keyLength)
    this.#writeField(columns.value, value.start[row]!, valueLength)
    this.#at = writeVarint(this.#buffer.bytes, this.#at, to - from)
    for (let header = from; header < to; header += 1) {
      this.#writeField(columns.headerKey, headers.keys.start[header]!, headers.keys.length[header]!)
      this.#writeField(columns.headerValue, headers.values.start[header]!, headers.values.length[header]!)
    }
    this.#count = count + 1
    return whole
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
    this.#at = writeVarint(this.#buffer.bytes, this.#at, record.headers.length)
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
      payload: this.#buffer.bytes.subarray(0, this.#at),
    }
    this.#at = 0
    this.#count = 0
    this.#baseTimestampMs = 0
    this.#maxTimestampMs = -1
    this.#rows = null
    this.#columns = null
    return block
  }

  #columnsOf(rows: RowBatch): ColumnBytes {
    if (rows === this.#rows) return this.#columns!
    this.#rows = rows
    this.#columns = columnBytesOf(rows)
    return this.#columns
  }

  #noteTimestamp(timestampMs: number): void {
    if (this.#count === 0) {
      this.#baseTimestampMs = timestampMs
      this.#maxTimestampMs = timestampMs
    } else if (timestampMs > this.#maxTimestampMs) this.#maxTimestampMs = timestampMs
  }

  #writeHead(size: number, timestampMs: number): void {
    this.#reserve(size + 5)
    const { bytes } = this.#buffer
    let at = writeVarint(bytes, this.#at, size)
    bytes[at] = 0
    at = writeDifference(bytes, at + 1, timestampMs, this.#baseTimestampMs)
    this.#at = writeVarint(bytes, at, this.#count)
  }

  #writeField(source: WordBytes, start: number, length: number): void {
    const at = writeVarint(this.#buffer.bytes, this.#at, length)
    if (length > 0) copyBytes(this.#buffer, at, source, start, length)
    this.#at = length > 0 ? at + length : at
  }

  #writeBytes(field: Uint8Array | null): void {
    const { bytes } = this.#buffer
    this.#at = writeVarint(bytes, this.#at, field?.length ?? -1)
    if (field !== null) {
      bytes.set(field, this.#at)
      this.#at += field.length
    }
  }

  #reserve(more: number): void {
    const needed = this.#at + more
    const { bytes } = this.#buffer
    if (needed <= bytes.length) return
    if (needed > maxPayloadBytes) {
      throw new InvalidInputError('batch-too-large', `${needed} bytes of records do not fit one record batch`, {
        remedy: 'Write smaller batches.',
      })
    }
    const grown = Buffer.allocUnsafe(Math.min(maxPayloadBytes, Math.max(needed, bytes.length * 2)))
    bytes.copy(grown, 0, 0, this.#at)
    this.#buffer = wordBytes(grown)
  }
}

/** The bytes of a batch's columns. */
interface ColumnBytes {
  key: WordBytes
  value: WordBytes
  headerKey: WordBytes
  headerValue: WordBytes
}

/** Of batches that are being written: into several blocks, or in turn with others. */
const known = new WeakMap<RowBatch, ColumnBytes>()

function columnBytesOf(rows: RowBatch): ColumnBytes {
  const found = known.get(rows)
  if (found !== undefined) return found
  const { key, value, headers } = rows
  const columns: ColumnBytes = {
    key: wordBytes(key.bytes),
    value: wordBytes(value.bytes),
    headerKey: wordBytes(headers.keys.bytes),
    headerValue: wordBytes(headers.values.bytes),
  }
  known.set(rows, columns)
  return columns
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
