import type { BufferPool } from './buffer-pool.ts'

const noBytes = Buffer.alloc(0)
const noWords = new Int32Array(0)

/** Copying byte by byte beats the call into native code up to about this length (measured on Node 24). */
const nativeCopyFrom = 24

/** Bytes that are appended to, in pooled memory that doubles as it fills. */
export class GrowingBuffer {
  bytes: Buffer = noBytes
  used = 0
  readonly #pool: BufferPool

  constructor(pool: BufferPool) {
    this.#pool = pool
  }

  /** Makes room for `count` more bytes. Not called when there is room: the check is the caller's, for speed. */
  grow(count: number): void {
    const grown = this.#pool.take(this.used + count)
    this.bytes.copy(grown, 0, 0, this.used)
    if (this.bytes.length > 0) this.#pool.give(this.bytes)
    this.bytes = grown
  }

  /** Appends a byte string as Parquet's PLAIN encoding has it: the length in 4 bytes, little-endian, then the bytes. */
  appendPlain(source: Buffer, start: number, length: number): void {
    let at = this.used
    if (at + length + 4 > this.bytes.length) this.grow(length + 4)
    const target = this.bytes
    target[at] = length
    target[at + 1] = length >>> 8
    target[at + 2] = length >>> 16
    target[at + 3] = length >>> 24
    at += 4
    if (length < nativeCopyFrom) for (let i = 0; i < length; i++) target[at + i] = source[start + i]!
    else source.copy(target, at, start, start + length)
    this.used = at + length
  }

  appendByte(value: number): void {
    if (this.used === this.bytes.length) this.grow(1)
    this.bytes[this.used++] = value
  }

  /** Gives the memory back and starts from nothing. */
  release(): void {
    if (this.bytes.length > 0) this.#pool.give(this.bytes)
    this.bytes = noBytes
    this.used = 0
  }
}

/** Signed 64-bit integers as Parquet's PLAIN encoding has them, written in halves because a BigInt each is too slow. */
export class GrowingLongs {
  #bytes: Buffer = noBytes
  #words: Int32Array = noWords
  #used = 0
  readonly #pool: BufferPool

  constructor(pool: BufferPool) {
    this.#pool = pool
  }

  get capacityBytes(): number {
    return this.#bytes.length
  }

  /** What was appended, as a view. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#used * 4)
  }

  /** `low` and `high` are taken modulo 2^32. */
  append(low: number, high: number): void {
    if (this.#used === this.#words.length) this.#grow()
    this.#words[this.#used] = low
    this.#words[this.#used + 1] = high
    this.#used += 2
  }

  clear(): void {
    this.#used = 0
  }

  release(): void {
    if (this.#bytes.length > 0) this.#pool.give(this.#bytes)
    this.#bytes = noBytes
    this.#words = noWords
    this.#used = 0
  }

  #grow(): void {
    const grown = this.#pool.take(this.#bytes.length + 8)
    this.#bytes.copy(grown)
    if (this.#bytes.length > 0) this.#pool.give(this.#bytes)
    this.#bytes = grown
    this.#words = new Int32Array(grown.buffer, grown.byteOffset, grown.length / 4)
  }
}
