import { DamagedDataError } from '../../errors.ts'
import type { RecordBlock } from '../../ports/record-block.ts'
import type { RecordView } from '../record-view.ts'
import { decompress, defaultMaxPayloadBytes } from './codecs.ts'
import { Scratch } from './scratch.ts'

const noBytes = Buffer.alloc(0)

/**
 * Walks the records of a block without making an object per record: it is its own view. Reading never goes beyond the
 * record's stated length, whatever the bytes say, and a record must fill that length exactly.
 */
export class RecordCursor implements RecordView {
  bytes: Buffer = noBytes
  baseOffset = 0n
  offsetDelta = 0
  timestampMs = 0
  keyStart = 0
  keyLength = -1
  valueStart = 0
  valueLength = -1
  headersStart = 0
  headerCount = 0

  readonly #maxPayloadBytes: number
  readonly #scratch = new Scratch()
  /** Place of the next byte to read. */
  #at = 0
  /** Nothing at or after this place may be read now. */
  #limit = 0
  /** Number of records read. */
  #read = 0
  #count = 0
  #lastOffsetDelta = 0
  #baseTimestampMs = 0
  #exactBaseTimestampMs = 0n
  #stamped = false

  /** `maxPayloadBytes`: a block that decompresses to more is refused, so that a small batch cannot take all memory. */
  constructor(maxPayloadBytes: number = defaultMaxPayloadBytes) {
    this.#maxPayloadBytes = maxPayloadBytes
  }

  /**
   * Takes up a block and stands before its first record. Throws DamagedDataError, naming the block's offsets:
   * `payload-too-large`, `payload-not-decompressible`.
   */
  open(block: RecordBlock): void {
    this.#count = 0
    this.#read = 0
    this.#at = 0
    this.bytes = block.count === 0 ? noBytes : this.#decompressed(block)
    this.baseOffset = block.baseOffset
    this.offsetDelta = -1
    this.#lastOffsetDelta = Number(block.lastOffset - block.baseOffset)
    this.#stamped = block.appendTimestampMs !== null
    this.#exactBaseTimestampMs = block.appendTimestampMs ?? block.baseTimestampMs
    this.#baseTimestampMs = Number(this.#exactBaseTimestampMs)
    this.#count = block.count
  }

  #decompressed(block: RecordBlock): Buffer {
    try {
      return decompress(block.codec, block.payload, this.#maxPayloadBytes, this.#scratch)
    } catch (error) {
      if (!(error instanceof DamagedDataError)) throw error
      const { baseOffset, lastOffset } = block
      throw new DamagedDataError(error.code, `batch with offsets ${baseOffset} to ${lastOffset}: ${error.message}`, {
        remedy: error.remedy,
        cause: error,
        details: { ...error.details, offset: String(baseOffset), lastOffset: String(lastOffset) },
      })
    }
  }

  /**
   * Steps to the next record; false after the last one. Throws DamagedDataError `record-malformed`, naming the offset;
   * the block cannot be read on after that. Timestamps are given as they are: not all are dates.
   */
  next(): boolean {
    if (this.#read === this.#count) {
      if (this.#at !== this.bytes.length) throw this.#malformed('bytes follow the last record')
      return false
    }
    this.#limit = this.bytes.length
    const length = this.#varint()
    const end = this.#at + length
    if (length < 0 || end > this.bytes.length) throw this.#malformed(`a length of ${length} bytes cannot be`)
    this.#limit = end
    // The record's attributes: no bit of them has a meaning so far.
    this.#at += 1
    this.timestampMs = this.#timestamp()
    const offsetDelta = this.#varint()
    if (offsetDelta <= this.offsetDelta || offsetDelta > this.#lastOffsetDelta) {
      throw this.#malformed(`an offset delta of ${offsetDelta} cannot follow ${this.offsetDelta}`)
    }
    this.offsetDelta = offsetDelta
    this.keyLength = this.#varint()
    this.keyStart = this.#at
    this.#skip(this.keyLength)
    this.valueLength = this.#varint()
    this.valueStart = this.#at
    this.#skip(this.valueLength)
    this.headerCount = this.#varint()
    this.headersStart = this.#at
    this.#skipHeaders()
    if (this.#at !== end) throw this.#malformed(`it ends ${end - this.#at} bytes before its stated length`)
    this.#read += 1
    return true
  }

  /** Steps over a byte string; -1 stands for null. */
  #skip(length: number): void {
    if (length > 0) {
      this.#at += length
      if (this.#at > this.#limit) throw this.#malformed(`a field of ${length} bytes goes beyond its end`)
    } else if (length < -1) throw this.#malformed(`a field length of ${length} bytes cannot be`)
  }

  #skipHeaders(): void {
    if (this.headerCount < 0) throw this.#malformed(`a header count of ${this.headerCount} cannot be`)
    // A hostile count ends at the record's limit: every header takes at least two bytes.
    for (let left = this.headerCount; left > 0; left -= 1) {
      const keyLength = this.#varint()
      if (keyLength < 0) throw this.#malformed('a header has no key')
      this.#skip(keyLength)
      this.#skip(this.#varint())
    }
  }

  /** A zig-zag varint of 32 bits. */
  #varint(): number {
    const at = this.#at
    if (at < this.#limit) {
      const byte = this.bytes[at]!
      if (byte < 0x80) {
        this.#at = at + 1
        return (byte >>> 1) ^ -(byte & 1)
      }
    }
    return this.#longVarint()
  }

  #longVarint(): number {
    const bytes = this.bytes
    const limit = this.#limit
    let at = this.#at
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= limit) throw this.#malformed('a number goes beyond its end')
      const byte = bytes[at]!
      at += 1
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.#at = at
        return (value >>> 1) ^ -(value & 1)
      }
    }
    throw this.#malformed('a number is longer than 32 bits')
  }

  /** Reads the timestamp delta, a zig-zag varint of 64 bits; gives the record's timestamp, exact if it is a date. */
  #timestamp(): number {
    const bytes = this.bytes
    const limit = this.#limit
    let at = this.#at
    let coded = 0
    // Seven bytes hold 49 bits, which a double computes exactly; what a base that is none brings is never a date.
    for (let factor = 1; factor < 2 ** 49; factor *= 128) {
      if (at >= limit) throw this.#malformed('a number goes beyond its end')
      const byte = bytes[at]!
      at += 1
      coded += (byte & 0x7f) * factor
      if (byte < 0x80) {
        this.#at = at
        if (this.#stamped) return this.#baseTimestampMs
        return this.#baseTimestampMs + (coded % 2 === 0 ? coded / 2 : -(coded + 1) / 2)
      }
    }
    return this.#farTimestamp(at, BigInt(coded))
  }

  /** Goes on after seven bytes of the delta: more than 8,900 years from the base. */
  #farTimestamp(from: number, begun: bigint): number {
    let coded = begun
    let at = from
    for (let shift = 49n; shift < 70n; shift += 7n) {
      if (at >= this.#limit) throw this.#malformed('a number goes beyond its end')
      const byte = this.bytes[at]!
      at += 1
      coded |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        this.#at = at
        if (this.#stamped) return this.#baseTimestampMs
        return Number(this.#exactBaseTimestampMs + BigInt.asIntN(64, (coded >> 1n) ^ -(coded & 1n)))
      }
    }
    throw this.#malformed('a number is longer than 64 bits')
  }

  #malformed(what: string): DamagedDataError {
    const offset = this.baseOffset + BigInt(this.offsetDelta + 1)
    return new DamagedDataError(
      'record-malformed',
      `record ${this.#read} of ${this.#count} in the batch at offset ${this.baseOffset} is malformed: ${what}`,
      {
        remedy: 'Check the batch on the broker (kafka-dump-log --deep-iteration); its producer wrote invalid records.',
        details: { baseOffset: String(this.baseOffset), offset: String(offset), position: this.#at },
      },
    )
  }
}
