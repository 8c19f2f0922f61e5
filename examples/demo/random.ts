/** Random numbers that are the same for the same seed, everywhere. */
export interface Random {
  /** In `[0, 1)`. */
  fraction(): number
  /** A whole number from `min` up to and with `max`. */
  integer(min: number, max: number): number
  /** True in so many of 100 cases. */
  percent(share: number): boolean
  pick<Item>(items: readonly Item[]): Item
  /** So many lower-case hexadecimal digits. */
  hex(digits: number): string
}

/** Mulberry32: 32 bits of state, good enough for a shop that does not exist. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (min: number, max: number): number => min + Math.floor(fraction() * (max - min + 1))
  return {
    fraction,
    integer,
    percent: (share) => fraction() * 100 < share,
    pick: (items) => items[integer(0, items.length - 1)]!,
    hex(digits) {
      let text = ''
      while (text.length < digits) text += integer(0, 0xffff).toString(16).padStart(4, '0')
      return text.slice(0, digits)
    },
  }
}
