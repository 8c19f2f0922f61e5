import { isMisread, misread } from './misread-key.ts'
import { xxHash64 } from './xxhash64.ts'

/** 32-bit words of a block; each key sets one bit in every word of one block. */
const blockWords = 8

/** Bytes of a block. */
export const blockBytes: number = blockWords * 4

const salt = [0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31].map(
  (odd) => odd | 0,
)
const [s0, s1, s2, s3, s4, s5, s6, s7] = salt as [number, number, number, number, number, number, number, number]

/**
 * A split-block bloom filter (https://github.com/apache/parquet-format/blob/master/BloomFilter.md) of one byte a key,
 * rounded up to a power of two: at most 4 % of absent keys are taken for present ones.
 */
export class BloomFilter {
  readonly #words: Int32Array
  readonly #hash = new Uint32Array(2)
  #distinct = 0

  /** `maxKeys`: as many distinct keys as may come. */
  constructor(maxKeys: number) {
    this.#words = new Int32Array(filterBytes(maxKeys) / 4)
  }

  get heldBytes(): number {
    return this.#words.byteLength
  }

  /** A key, also as DuckDB 1 would take it for another: it must not miss rows for that. */
  insert(bytes: Uint8Array, start: number, length: number): void {
    this.#add(bytes, start, length)
    if (!isMisread(bytes, start, length)) return
    const written = misread(bytes, start, length)
    this.#add(written, 0, written.length)
  }

  #add(bytes: Uint8Array, start: number, length: number): void {
    xxHash64(bytes, start, length, this.#hash)
    const low = this.#hash[0]! | 0
    const words = this.#words
    // The block is the hash's upper half scaled to the number of blocks, which is a power of two: its upper bits.
    const at = Math.floor((this.#hash[1]! * words.length) / (4294967296 * blockWords)) * blockWords
    const b0 = 1 << (Math.imul(low, s0) >>> 27)
    const b1 = 1 << (Math.imul(low, s1) >>> 27)
    const b2 = 1 << (Math.imul(low, s2) >>> 27)
    const b3 = 1 << (Math.imul(low, s3) >>> 27)
    const b4 = 1 << (Math.imul(low, s4) >>> 27)
    const b5 = 1 << (Math.imul(low, s5) >>> 27)
    const b6 = 1 << (Math.imul(low, s6) >>> 27)
    const b7 = 1 << (Math.imul(low, s7) >>> 27)
    const news =
      (~words[at]! & b0) |
      (~words[at + 1]! & b1) |
      (~words[at + 2]! & b2) |
      (~words[at + 3]! & b3) |
      (~words[at + 4]! & b4) |
      (~words[at + 5]! & b5) |
      (~words[at + 6]! & b6) |
      (~words[at + 7]! & b7)
    if (news === 0) return
    this.#distinct++
    words[at]! |= b0
    words[at + 1]! |= b1
    words[at + 2]! |= b2
    words[at + 3]! |= b3
    words[at + 4]! |= b4
    words[at + 5]! |= b5
    words[at + 6]! |= b6
    words[at + 7]! |= b7
  }

  /**
   * The filter's words, no larger than the keys that came need. A filter of half the size has the bits of each two
   * neighbouring blocks in one, so a filter that turned out too large is folded rather than built again.
   */
  toWords(): Uint32Array {
    let words = this.#words
    const enough = filterBytes(this.#distinct) / 4
    while (words.length > enough) {
      const folded = new Int32Array(words.length / 2)
      for (let i = 0; i < words.length; i++) {
        folded[Math.floor(i / (2 * blockWords)) * blockWords + (i % blockWords)]! |= words[i]!
      }
      words = folded
    }
    return new Uint32Array(words.buffer)
  }
}

/** Where the block of a hash is in a filter of `bytes` bytes; `high` is the hash's upper half. */
export function blockStart(high: number, bytes: number): number {
  return Math.floor((high * (bytes / blockBytes)) / 4294967296) * blockBytes
}

/** Whether a block has all bits of a hash; `low` is the hash's lower half. */
export function blockHolds(block: Buffer, low: number): boolean {
  return salt.every((odd, i) => ((block.readInt32LE(i * 4) >>> (Math.imul(low, odd) >>> 27)) & 1) === 1)
}

function filterBytes(keys: number): number {
  return Math.max(blockBytes, 2 ** Math.ceil(Math.log2(Math.max(1, keys))))
}
