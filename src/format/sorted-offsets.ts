/** Those of ascending offsets that are in `[min, max]`, as a view. */
export function offsetsBetween(offsets: BigInt64Array, min: bigint, max: bigint): BigInt64Array {
  return offsets.subarray(countBelow(offsets, min), countBelow(offsets, max + 1n))
}

/** How many of ascending offsets are below `limit`. */
export function countBelow(offsets: BigInt64Array, limit: bigint): number {
  let low = 0
  let high = offsets.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (offsets[middle]! < limit) low = middle + 1
    else high = middle
  }
  return low
}
