import type { KeyRange } from '../../../format/parquet/index.ts'
import type { BinaryColumn } from '../../../format/row-batch.ts'

/** Tells which rows have a wanted key. Works on the bytes where they lie: a string a row would cost more than the rest. */
export class KeyMatcher {
  readonly #keys: readonly Buffer[]
  readonly #prefixes: readonly Buffer[]
  /** By hash, the number of a key plus one; 0 where there is none. A power of two long, at least half of it empty. */
  readonly #slots: Int32Array
  /** Lengths that keys have. */
  readonly #lengths: Uint8Array

  constructor({ exact, prefixes }: KeyRange) {
    this.#keys = exact
    this.#prefixes = prefixes
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(1, exact.length) * 2)))
    this.#lengths = new Uint8Array(exact.reduce((longest, key) => Math.max(longest, key.length), 0) + 1)
    exact.forEach((key, i) => {
      let slot = hashOf(key, 0, key.length) & (this.#slots.length - 1)
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (this.#slots.length - 1)
      this.#slots[slot] = i + 1
      this.#lengths[key.length] = 1
    })
  }

  /** Whether the row's key is one of those; a null key is none. */
  matches({ bytes, start, length }: BinaryColumn, row: number): boolean {
    const at = start[row]!
    const size = length[row]!
    if (size < 0) return false
    return this.#isKey(bytes, at, size) || (this.#prefixes.length > 0 && this.#beginsAsWanted(bytes, at, size))
  }

  #isKey(bytes: Buffer, at: number, size: number): boolean {
    if (this.#lengths[size] !== 1) return false
    const mask = this.#slots.length - 1
    for (let slot = hashOf(bytes, at, size) & mask; ; slot = (slot + 1) & mask) {
      const number = this.#slots[slot]!
      if (number === 0) return false
      const key = this.#keys[number - 1]!
      if (key.length === size && compareBeginning(key, bytes, at, size) === 0) return true
    }
  }

  /** No beginning begins with another, so only the largest one that is not above the key can be the key's. */
  #beginsAsWanted(bytes: Buffer, at: number, size: number): boolean {
    let low = 0
    let high = this.#prefixes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareBeginning(this.#prefixes[middle]!, bytes, at, size) <= 0) low = middle + 1
      else high = middle
    }
    return low > 0 && compareBeginning(this.#prefixes[low - 1]!, bytes, at, size) === 0
  }
}

/** 0 when `size` bytes at `at` begin with the wanted ones, else below 0 when those sort before them. */
function compareBeginning(wanted: Buffer, bytes: Buffer, at: number, size: number): number {
  const shared = Math.min(wanted.length, size)
  for (let i = 0; i < shared; i++) {
    const difference = wanted[i]! - bytes[at + i]!
    if (difference !== 0) return difference
  }
  return wanted.length <= size ? 0 : 1
}

/** FNV-1a. */
function hashOf(bytes: Buffer, at: number, size: number): number {
  let hash = 0x811c9dc5
  for (let i = at; i < at + size; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
  return hash ^ (hash >>> 15)
}
