/** Smallest and largest value of a column, as bytes in unsigned lexicographic order; shortened when they are long. */
export interface ByteBounds {
  min: Buffer
  /** False: `min` is a prefix, a lower bound that is no value of the column. */
  minExact: boolean
  /** Null when it cannot be shortened: then there is no upper bound. */
  max: Buffer | null
  /** False: `max` is an upper bound that is no value of the column. */
  maxExact: boolean
}

/** Bounds are kept to so many bytes: a footer must not grow with the keys. */
export const maxBoundBytes = 64

/** Bounds of values in PLAIN encoding, `bytes[from, end)`; null when there are none. `visit` is called with each value. */
export function boundsOfPlain(
  bytes: Buffer,
  end: number,
  visit: { insert(bytes: Uint8Array, start: number, length: number): void } | null,
): ByteBounds | null {
  if (end === 0) return null
  let minStart = -1
  let minLength = 0
  let maxStart = -1
  let maxLength = 0
  for (let at = 0; at < end; ) {
    const length = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    const start = at + 4
    at = start + length
    visit?.insert(bytes, start, length)
    if (minStart < 0) {
      minStart = start
      minLength = length
      maxStart = start
      maxLength = length
    } else if (compare(bytes, start, length, minStart, minLength) < 0) {
      minStart = start
      minLength = length
    } else if (compare(bytes, start, length, maxStart, maxLength) > 0) {
      maxStart = start
      maxLength = length
    }
  }
  return shorten(bytes.subarray(minStart, minStart + minLength), bytes.subarray(maxStart, maxStart + maxLength))
}

/** Bounds that hold for what either argument holds for. */
export function mergeBounds(a: ByteBounds | null, b: ByteBounds | null): ByteBounds | null {
  if (a === null || b === null) return a ?? b
  const lower = Buffer.compare(a.min, b.min) <= 0 ? a : b
  const upper = a.max === null || (b.max !== null && Buffer.compare(a.max, b.max) >= 0) ? a : b
  return { min: lower.min, minExact: lower.minExact, max: upper.max, maxExact: upper.maxExact }
}

function compare(bytes: Buffer, start: number, length: number, otherStart: number, otherLength: number): number {
  const shared = Math.min(length, otherLength)
  for (let i = 0; i < shared; i++) {
    const difference = bytes[start + i]! - bytes[otherStart + i]!
    if (difference !== 0) return difference
  }
  return length - otherLength
}

function shorten(min: Buffer, max: Buffer): ByteBounds {
  const minExact = min.length <= maxBoundBytes
  const maxExact = max.length <= maxBoundBytes
  return {
    min: Buffer.from(min.subarray(0, maxBoundBytes)),
    minExact,
    max: maxExact ? Buffer.from(max) : roundUp(max.subarray(0, maxBoundBytes)),
    maxExact,
  }
}

/** The smallest value above everything that begins with `prefix`; null when that is all 0xff. */
function roundUp(prefix: Buffer): Buffer | null {
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length--
  if (length === 0) return null
  const rounded = Buffer.from(prefix.subarray(0, length))
  rounded[length - 1]!++
  return rounded
}
