/** Hash of no bytes (FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/). */
export const basis = 0x811c9dc5 | 0

/** Hash of bytes and one more. */
export function step(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193)
}

/** Byte strings, asked for by their hash, so that whoever walks over bytes anyway can ask for each of their beginnings. */
export class BytesSet {
  /** Length of the longest one; 0 when there is none. */
  readonly longest: number
  readonly #items: readonly Uint8Array[]
  /** By hash, the number of an item plus one; 0 where there is none. A power of two long, at least half of it empty. */
  readonly #slots: Int32Array

  constructor(items: readonly Uint8Array[]) {
    this.#items = items
    this.longest = items.reduce((longest, { length }) => Math.max(longest, length), 0)
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(Math.max(1, items.length) * 2)))
    items.forEach((item, i) => {
      let slot = this.#slotOf(item.reduce(step, basis))
      while (this.#slots[slot] !== 0) slot = (slot + 1) & (this.#slots.length - 1)
      this.#slots[slot] = i + 1
    })
  }

  /** Whether these `size` bytes, whose hash this is, are one of the items. */
  has(bytes: Uint8Array, at: number, size: number, hash: number): boolean {
    for (let slot = this.#slotOf(hash); ; slot = (slot + 1) & (this.#slots.length - 1)) {
      const number = this.#slots[slot]!
      if (number === 0) return false
      if (equals(this.#items[number - 1]!, bytes, at, size)) return true
    }
  }

  #slotOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & (this.#slots.length - 1)
  }
}

function equals(item: Uint8Array, bytes: Uint8Array, at: number, size: number): boolean {
  if (item.length !== size) return false
  for (let i = 0; i < size; i++) if (item[i] !== bytes[at + i]) return false
  return true
}
