import { DamagedDataError } from '../../errors.ts'
import type { RecordView } from '../record-view.ts'
import type { BufferPool } from './buffer-pool.ts'
import { GrowingBuffer, GrowingLongs } from './growing-buffer.ts'

const twoTo32 = 4294967296

/** Largest magnitude of a timestamp, in milliseconds: what a Date can hold; times 1000 it fits in 64 bits. */
const maxTimestampMs = 8.64e15

/** Longest key, value or header part: a page's size is a signed 32-bit number, and readers allocate it at once. */
const maxPartBytes = 1 << 30

/** What one byte of `headerEntries` stands for. A row without headers has one entry, `none`. */
const headerEntry = { none: 0, firstNull: 2, laterNull: 3, firstValue: 4, laterValue: 5 } as const

/** The rows of the page that is being filled: one buffer a column, as the page will have it, and what to say about it. */
export class RecordColumns {
  rows = 0
  minTimestampMs = Number.POSITIVE_INFINITY
  maxTimestampMs = Number.NEGATIVE_INFINITY
  nullKeys = 0
  nullValues = 0
  nullHeaderValues = 0
  rowsWithoutHeaders = 0
  readonly offsets: GrowingLongs
  readonly timestamps: GrowingLongs
  readonly keys: GrowingBuffer
  readonly values: GrowingBuffer
  readonly headerKeys: GrowingBuffer
  readonly headerValues: GrowingBuffer
  /** A byte a row: 1 when there is a key, 0 when it is null. */
  readonly keyEntries: GrowingBuffer
  readonly valueEntries: GrowingBuffer
  /** A byte a header, of `headerEntry`. */
  readonly headerEntries: GrowingBuffer
  #firstLow = 0
  #firstHigh = 0
  #lastLow = -1
  #lastHigh = -1
  #base = 0n
  #baseLow = 0
  #baseHigh = 0

  constructor(pool: BufferPool) {
    this.offsets = new GrowingLongs(pool)
    this.timestamps = new GrowingLongs(pool)
    this.keys = new GrowingBuffer(pool)
    this.values = new GrowingBuffer(pool)
    this.headerKeys = new GrowingBuffer(pool)
    this.headerValues = new GrowingBuffer(pool)
    this.keyEntries = new GrowingBuffer(pool)
    this.valueEntries = new GrowingBuffer(pool)
    this.headerEntries = new GrowingBuffer(pool)
  }

  /** Offset of the page's first row; meaningless before there is one. */
  get firstOffset(): bigint {
    return joinHalves(this.#firstHigh, this.#firstLow)
  }

  /** Offset of the last row ever appended; -1 before there is one. */
  get lastOffset(): bigint {
    return joinHalves(this.#lastHigh, this.#lastLow)
  }

  /** Bytes of the rows, uncompressed. */
  get usedBytes(): number {
    return this.keys.used + this.values.used + this.headerKeys.used + this.headerValues.used + this.rows * 20
  }

  /** Bytes of memory that are held. */
  get heldBytes(): number {
    let bytes = this.offsets.capacityBytes + this.timestamps.capacityBytes
    for (const buffer of this.#buffers()) bytes += buffer.bytes.length
    return bytes
  }

  /**
   * Copies the record into the columns. Throws DamagedDataError `record-damaged` when it cannot be what a source
   * delivered; the columns are then as they were.
   */
  append(record: RecordView): void {
    const { bytes, keyStart, keyLength, valueStart, valueLength, timestampMs } = record
    if (record.baseOffset !== this.#base) this.#rebase(record.baseOffset)
    const sum = this.#baseLow + record.offsetDelta
    const low = sum | 0
    const high = sum < twoTo32 ? this.#baseHigh : (this.#baseHigh + Math.floor(sum / twoTo32)) | 0
    if (record.offsetDelta < 0) throw damagedRecord(record, 'its offset is below that of its batch')
    if (high < this.#lastHigh || (high === this.#lastHigh && low >>> 0 <= this.#lastLow >>> 0)) {
      throw damagedRecord(record, `its offset is not above ${this.lastOffset}, the one before it`)
    }
    if (!(timestampMs <= maxTimestampMs && timestampMs >= -maxTimestampMs)) {
      throw damagedRecord(record, `its timestamp ${timestampMs} is beyond what a date can be`)
    }
    checkPart(record, 'key', keyStart, keyLength)
    checkPart(record, 'value', valueStart, valueLength)
    if (record.headerCount > 0) this.#appendHeaders(record)
    else {
      this.headerEntries.appendByte(headerEntry.none)
      this.rowsWithoutHeaders++
    }

    this.offsets.append(low, high)
    const timestampHigh = Math.floor(timestampMs / twoTo32)
    const microsLow = (timestampMs - timestampHigh * twoTo32) * 1000
    this.timestamps.append(microsLow | 0, (timestampHigh * 1000 + Math.floor(microsLow / twoTo32)) | 0)
    if (keyLength < 0) {
      this.keyEntries.appendByte(0)
      this.nullKeys++
    } else {
      this.keyEntries.appendByte(1)
      this.keys.appendPlain(bytes, keyStart, keyLength)
    }
    if (valueLength < 0) {
      this.valueEntries.appendByte(0)
      this.nullValues++
    } else {
      this.valueEntries.appendByte(1)
      this.values.appendPlain(bytes, valueStart, valueLength)
    }

    if (timestampMs < this.minTimestampMs) this.minTimestampMs = timestampMs
    if (timestampMs > this.maxTimestampMs) this.maxTimestampMs = timestampMs
    if (this.rows === 0) {
      this.#firstLow = low
      this.#firstHigh = high
    }
    this.#lastLow = low
    this.#lastHigh = high
    this.rows++
  }

  /** Empties the columns for the next page and keeps the memory. */
  clear(): void {
    this.offsets.clear()
    this.timestamps.clear()
    for (const buffer of this.#buffers()) buffer.used = 0
    this.#resetPage()
  }

  /** Empties the columns and gives the memory back. */
  release(): void {
    this.offsets.release()
    this.timestamps.release()
    for (const buffer of this.#buffers()) buffer.release()
    this.#resetPage()
  }

  #appendHeaders(record: RecordView): void {
    const { headerKeys, headerValues, headerEntries } = this
    const keysUsed = headerKeys.used
    const valuesUsed = headerValues.used
    const entriesUsed = headerEntries.used
    const source = record.bytes
    const end = source.length
    let at = record.headersStart
    let nulls = 0
    for (let i = 0; i < record.headerCount; i++) {
      const later = i === 0 ? 0 : 1
      for (let part = 0; part < 2; part++) {
        let length = 0
        const byte = at < end ? source[at]! : 0xff
        if (byte < 0x80) {
          length = (byte >>> 1) ^ -(byte & 1)
          at++
        } else {
          length = longLength(source, at)
          while (at < end && source[at]! > 0x7f) at++
          at++
        }
        if (length > end - at || length < -part) {
          headerKeys.used = keysUsed
          headerValues.used = valuesUsed
          headerEntries.used = entriesUsed
          throw damagedRecord(record, `header ${i} does not hold together`)
        }
        if (part === 0) headerKeys.appendPlain(source, at, length)
        else if (length < 0) {
          headerEntries.appendByte(headerEntry.firstNull + later)
          nulls++
        } else {
          headerEntries.appendByte(headerEntry.firstValue + later)
          headerValues.appendPlain(source, at, length)
        }
        if (length > 0) at += length
      }
    }
    this.nullHeaderValues += nulls
  }

  #rebase(base: bigint): void {
    this.#base = base
    this.#baseLow = Number(BigInt.asUintN(32, base))
    this.#baseHigh = Number(BigInt.asIntN(32, base >> 32n))
  }

  #resetPage(): void {
    this.rows = 0
    this.nullKeys = 0
    this.nullValues = 0
    this.nullHeaderValues = 0
    this.rowsWithoutHeaders = 0
    this.minTimestampMs = Number.POSITIVE_INFINITY
    this.maxTimestampMs = Number.NEGATIVE_INFINITY
  }

  #buffers(): GrowingBuffer[] {
    const { keys, values, headerKeys, headerValues, keyEntries, valueEntries, headerEntries } = this
    return [keys, values, headerKeys, headerValues, keyEntries, valueEntries, headerEntries]
  }
}

function joinHalves(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0)
}

function checkPart(record: RecordView, part: string, start: number, length: number): void {
  if (length > maxPartBytes || (length > 0 && start + length > record.bytes.length)) {
    throw damagedRecord(record, `its ${part} of ${length} bytes does not fit`)
  }
}

function damagedRecord(record: RecordView, what: string): DamagedDataError {
  const offset = record.baseOffset + BigInt(record.offsetDelta)
  return new DamagedDataError('record-damaged', `The record at offset ${offset} cannot be archived: ${what}.`, {
    remedy: 'Look at the record at its source; the offset can only be archived as a gap.',
    details: { offset: String(offset) },
  })
}

/** A length in a zig-zag varint of several bytes; infinite when it does not end or is beyond 35 bits. */
function longLength(source: Buffer, start: number): number {
  let zigzag = 0
  for (let i = 0; i < 5; i++) {
    const byte = source[start + i] ?? 0xff
    zigzag += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
  }
  return Number.POSITIVE_INFINITY
}
