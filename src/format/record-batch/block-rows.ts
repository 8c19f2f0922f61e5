import { DamagedDataError } from '../../errors.ts'
import type { RecordBlock } from '../../ports/record-block.ts'
import type { BinaryColumn, HeaderColumn, RowBatch } from '../row-batch.ts'
import { RecordCursor } from './record-cursor.ts'

/** What a Date can hold, on either side of 1970. */
const maxTimestampMs = 8.64e15
/** Milliseconds up to here are microseconds that a double holds exactly. */
const exactMillis = Math.floor(Number.MAX_SAFE_INTEGER / 1000)

/** Turns blocks of one partition into columns, as if they had been read from a segment. */
export class BlockRows {
  readonly #partition: number
  readonly #cursor = new RecordCursor()

  constructor(partition: number) {
    this.#partition = partition
  }

  /**
   * The block's records with offsets in `[from, until)` as rows, ascending. Byte columns point into the block's payload
   * or into memory that the next call overwrites. Throws DamagedDataError as RecordCursor, and
   * `timestamp-not-representable`.
   */
  take(block: RecordBlock, from: bigint, until: bigint): RowBatch {
    const cursor = this.#cursor
    cursor.open(block)
    const columns = new OpenColumns(block.count)
    const first = Number(from - block.baseOffset)
    const end = Number(until - block.baseOffset)
    while (cursor.next()) if (cursor.offsetDelta >= first && cursor.offsetDelta < end) columns.add(cursor)
    return columns.batch(this.#partition, cursor.bytes)
  }
}

/** Columns with room for so many rows. */
class OpenColumns {
  #rows = 0
  #headers = 0
  readonly #offset: BigInt64Array
  readonly #micros: BigInt64Array
  readonly #keyStart: Int32Array
  readonly #keyLength: Int32Array
  readonly #valueStart: Int32Array
  readonly #valueLength: Int32Array
  readonly #headersStart: Int32Array
  readonly #firstHeader: Int32Array

  constructor(room: number) {
    this.#offset = new BigInt64Array(room)
    this.#micros = new BigInt64Array(room)
    this.#keyStart = new Int32Array(room)
    this.#keyLength = new Int32Array(room)
    this.#valueStart = new Int32Array(room)
    this.#valueLength = new Int32Array(room)
    this.#headersStart = new Int32Array(room)
    this.#firstHeader = new Int32Array(room + 1)
  }

  add(record: RecordCursor): void {
    const row = this.#rows
    this.#offset[row] = record.baseOffset + BigInt(record.offsetDelta)
    this.#micros[row] = microsOf(record)
    this.#keyStart[row] = record.keyStart
    this.#keyLength[row] = record.keyLength
    this.#valueStart[row] = record.valueStart
    this.#valueLength[row] = record.valueLength
    this.#headersStart[row] = record.headersStart
    this.#headers += record.headerCount
    this.#firstHeader[row + 1] = this.#headers
    this.#rows = row + 1
  }

  batch(partition: number, bytes: Buffer): RowBatch {
    const rows = this.#rows
    return {
      rows,
      partition,
      offset: this.#offset.subarray(0, rows),
      timestampMicros: this.#micros.subarray(0, rows),
      key: { bytes, start: this.#keyStart.subarray(0, rows), length: this.#keyLength.subarray(0, rows) },
      value: { bytes, start: this.#valueStart.subarray(0, rows), length: this.#valueLength.subarray(0, rows) },
      headers: this.#headerColumn(bytes),
    }
  }

  #headerColumn(bytes: Buffer): HeaderColumn {
    const rows = this.#rows
    const count = this.#headers
    const first = this.#firstHeader.subarray(0, rows + 1)
    const keys = { bytes, start: new Int32Array(count), length: new Int32Array(count) }
    const values = { bytes, start: new Int32Array(count), length: new Int32Array(count) }
    const fields = new FieldWalk(bytes)
    for (let row = 0; row < rows; row += 1) {
      fields.at = this.#headersStart[row]!
      for (let header = first[row]!; header < first[row + 1]!; header += 1) {
        fields.next(keys, header)
        fields.next(values, header)
      }
    }
    return { first, keys, values }
  }
}

/** Walks byte strings with their lengths before them, all of which a cursor has found to stay within their record. */
class FieldWalk {
  at = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** Notes the place and length of the next one. */
  next(column: BinaryColumn, index: number): void {
    let coded = 0
    // A length may be coded in more bytes than it needs.
    for (let shift = 0; ; shift += 7) {
      const byte = this.#bytes[this.at]!
      this.at += 1
      coded |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    const length = (coded >>> 1) ^ -(coded & 1)
    column.start[index] = this.at
    column.length[index] = length
    if (length > 0) this.at += length
  }
}

function microsOf(record: RecordCursor): bigint {
  const { timestampMs } = record
  if (Math.abs(timestampMs) <= exactMillis) return BigInt(timestampMs * 1000)
  if (Math.abs(timestampMs) <= maxTimestampMs) return BigInt(timestampMs) * 1000n
  const offset = record.baseOffset + BigInt(record.offsetDelta)
  throw new DamagedDataError(
    'timestamp-not-representable',
    `the record at offset ${offset} has the timestamp ${timestampMs} ms, which is no date within ±8.64e15 ms`,
    {
      remedy: 'Correct the producer: timestamps are milliseconds since 1970, not micro- or nanoseconds.',
      details: { offset: String(offset), timestampMs },
    },
  )
}
