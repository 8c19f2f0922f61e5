import type { KeyRange } from '../../../format/parquet/index.ts'
import type { BinaryColumn } from '../../../format/row-batch.ts'
import { BytesSet, basis, step } from './bytes-set.ts'

/**
 * Tells which rows have a wanted key. Works on the bytes where they lie, and looks at each once, however many keys and
 * beginnings are wanted: a string a row would cost more than the rest.
 */
export class KeyMatcher {
  readonly #keys: BytesSet
  readonly #prefixes: BytesSet
  /** By length, up to the longest of both, whether there are prefixes of it. */
  readonly #endsPrefix: Uint8Array

  constructor({ exact, prefixes }: KeyRange) {
    this.#keys = new BytesSet(exact)
    this.#prefixes = new BytesSet(prefixes)
    this.#endsPrefix = new Uint8Array(Math.max(this.#keys.longest, this.#prefixes.longest) + 1)
    for (const { length } of prefixes) this.#endsPrefix[length] = 1
  }

  /** Whether the row's key is one of those; a null key is none. */
  matches({ bytes, start, length }: BinaryColumn, row: number): boolean {
    const at = start[row]!
    const size = length[row]!
    if (size < 0) return false
    const endsPrefix = this.#endsPrefix
    let hash = basis
    for (let i = 0; i < endsPrefix.length; i++) {
      if (endsPrefix[i] === 1 && this.#prefixes.has(bytes, at, i, hash)) return true
      if (i === size) return this.#keys.has(bytes, at, size, hash)
      hash = step(hash, bytes[at + i]!)
    }
    return false
  }
}
