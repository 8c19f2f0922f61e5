import type { KeyRange } from '../parquet/index.ts'
import type { BinaryColumn } from '../row-batch.ts'
import { BytesSet, basis, step } from './bytes-set.ts'

/** Bytes that are compared at once. */
const probeBytes = 4
const probeBits = 12

/**
 * Tells which rows have a wanted key. Works on the bytes where they lie: a string a row would cost more than the rest. Most
 * keys are told apart by the last four bytes that the shortest wanted one has; each byte of the others is looked at once,
 * however many keys and beginnings are wanted.
 */
export class KeyMatcher {
  readonly #keys: BytesSet
  readonly #prefixes: BytesSet
  /** By length, up to the longest of both, whether there are prefixes of it. */
  readonly #endsPrefix: Uint8Array
  readonly #shortest: number
  /** By the hash of those four bytes, whether a wanted one has them; null where the shortest is shorter. */
  readonly #probes: Uint8Array | null
  /** Over the bytes that rows were last looked for in. */
  #view: DataView = new DataView(new ArrayBuffer(0))
  #bytes: Buffer | null = null

  constructor({ exact, prefixes }: KeyRange) {
    this.#keys = new BytesSet(exact)
    this.#prefixes = new BytesSet(prefixes)
    this.#endsPrefix = new Uint8Array(Math.max(this.#keys.longest, this.#prefixes.longest) + 1)
    for (const { length } of prefixes) this.#endsPrefix[length] = 1
    const wanted = [...exact, ...prefixes]
    this.#shortest = wanted.reduce((shortest, { length }) => Math.min(shortest, length), Number.POSITIVE_INFINITY)
    this.#probes = this.#shortest < probeBytes || wanted.length === 0 ? null : new Uint8Array(1 << probeBits)
    if (this.#probes === null) return
    for (const bytes of wanted) this.#probes[slotOf(bytes.readInt32LE(this.#shortest - probeBytes))] = 1
  }

  /** Whether the row's key is one of those; a null key is none. */
  matches({ bytes, start, length }: BinaryColumn, row: number): boolean {
    const at = start[row]!
    const size = length[row]!
    if (size < this.#shortest) return false
    if (this.#probes !== null) {
      if (bytes !== this.#bytes) this.#lookInto(bytes)
      const probe = this.#view.getInt32(at + this.#shortest - probeBytes, true)
      if (this.#probes[slotOf(probe)] === 0) return false
    }
    const endsPrefix = this.#endsPrefix
    let hash = basis
    for (let i = 0; i < endsPrefix.length; i++) {
      if (endsPrefix[i] === 1 && this.#prefixes.has(bytes, at, i, hash)) return true
      if (i === size) return this.#keys.has(bytes, at, size, hash)
      hash = step(hash, bytes[at + i]!)
    }
    return false
  }

  #lookInto(bytes: Buffer): void {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }
}

function slotOf(probe: number): number {
  return Math.imul(probe, 0x9e3779b1) >>> (32 - probeBits)
}
