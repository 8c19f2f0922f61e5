/** All numbers of some arrays, one array after the other. */
export function joinInts(parts: readonly Int32Array[]): Int32Array {
  return filled(new Int32Array(lengthOf(parts)), parts)
}

/** As joinInts, of 64-bit numbers. */
export function joinLongs(parts: readonly BigInt64Array[]): BigInt64Array {
  return filled(new BigInt64Array(lengthOf(parts)), parts)
}

function lengthOf(parts: readonly { length: number }[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0)
}

function filled<T extends { length: number; set(part: T, at: number): void }>(target: T, parts: readonly T[]): T {
  let at = 0
  for (const part of parts) {
    target.set(part, at)
    at += part.length
  }
  return target
}
