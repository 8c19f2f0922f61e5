import type { BinaryColumn } from '../../format/row-batch.ts'

/** Fields one after the other, in memory of their own that can be given to another thread. */
export interface Frames {
  buffer: ArrayBuffer
  /** The first so many bytes count. */
  length: number
}

/** Writes fields of rows. What was written can be taken once. */
export class FrameWriter {
  #bytes: Buffer<ArrayBuffer>
  #at = 0

  constructor(initialBytes: number) {
    this.#bytes = Buffer.allocUnsafeSlow(initialBytes)
  }

  /** Bytes so far; `rewind` goes back to them. */
  get length(): number {
    return this.#at
  }

  rewind(length: number): void {
    this.#at = length
  }

  int32(value: number): void {
    this.#reserve(4)
    this.#at = this.#bytes.writeInt32LE(value, this.#at)
  }

  int64(value: bigint): void {
    this.#reserve(8)
    this.#at = this.#bytes.writeBigInt64LE(value, this.#at)
  }

  float64(value: number): void {
    this.#reserve(8)
    this.#at = this.#bytes.writeDoubleLE(value, this.#at)
  }

  /** Bytes with their length. */
  bytes(value: Uint8Array | null): void {
    this.int32(value?.length ?? -1)
    if (value === null) return
    this.#reserve(value.length)
    this.#bytes.set(value, this.#at)
    this.#at += value.length
  }

  /** An entry of a column, as `bytes` would write it. */
  entry(column: BinaryColumn, index: number): void {
    const length = column.length[index]!
    this.int32(length)
    if (length <= 0) return
    this.#reserve(length)
    const start = column.start[index]!
    column.bytes.copy(this.#bytes, this.#at, start, start + length)
    this.#at += length
  }

  /** A text's UTF-8, as `bytes` would write it. */
  text(value: string): void {
    // no character of a string takes more than three bytes
    this.#reserve(4 + value.length * 3)
    const length = this.#bytes.write(value, this.#at + 4)
    this.#bytes.writeInt32LE(length, this.#at)
    this.#at += 4 + length
  }

  take(): Frames {
    return { buffer: this.#bytes.buffer, length: this.#at }
  }

  #reserve(more: number): void {
    const needed = this.#at + more
    if (needed <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#bytes = grown
  }
}

/** Reads fields in the order in which they were written. */
export class FrameReader {
  readonly #bytes: Buffer
  #at = 0

  constructor({ buffer, length }: Frames) {
    this.#bytes = Buffer.from(buffer, 0, length)
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  int32(): number {
    const value = this.#bytes.readInt32LE(this.#at)
    this.#at += 4
    return value
  }

  int64(): bigint {
    const value = this.#bytes.readBigInt64LE(this.#at)
    this.#at += 8
    return value
  }

  float64(): number {
    const value = this.#bytes.readDoubleLE(this.#at)
    this.#at += 8
    return value
  }

  /** A view of the bytes; null as it was written. */
  bytes(): Buffer | null {
    const length = this.int32()
    if (length < 0) return null
    const start = this.#at
    this.#at += length
    return this.#bytes.subarray(start, this.#at)
  }

  /** Throws RangeError where null was written. */
  text(): string {
    const length = this.int32()
    if (length < 0) throw new RangeError('there is no text')
    const start = this.#at
    this.#at += length
    return this.#bytes.toString('utf8', start, this.#at)
  }
}
