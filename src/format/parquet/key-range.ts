import type { RowBounds } from './segment-footer.ts'

/** Keys and beginnings of keys in unsigned byte order, each once; no beginning begins with another one. */
export interface KeyRange {
  exact: readonly Buffer[]
  prefixes: readonly Buffer[]
}

/** More keys than this are not looked up in a bloom filter: one of them would be taken for present anyway. */
export const maxProbedKeys = 256

/** From keys and beginnings in any order, however often. */
export function sortedKeys({ exact, prefixes }: KeyRange): KeyRange {
  const beginnings: Buffer[] = []
  for (const prefix of prefixes.toSorted(Buffer.compare)) {
    const last = beginnings.at(-1)
    if (last === undefined || !beginsWith(prefix, last)) beginnings.push(prefix)
  }
  const keys = exact.toSorted(Buffer.compare).filter((key, i, sorted) => i === 0 || !key.equals(sorted[i - 1]!))
  return { exact: keys, prefixes: beginnings }
}

/** Those of the keys and beginnings that rows with these bounds may have. */
export function keysWithin(keys: KeyRange, { rows, nullKeys, minKey, maxKey }: RowBounds): KeyRange {
  if (nullKeys === rows) return { exact: [], prefixes: [] }
  const { exact, prefixes } = keys
  const from = minKey === null ? 0 : lowerBound(exact, (key) => Buffer.compare(key, minKey) < 0)
  const until = maxKey === null ? exact.length : lowerBound(exact, (key) => Buffer.compare(key, maxKey) <= 0)
  return {
    exact: exact.slice(from, until),
    prefixes: prefixes.filter(
      (prefix) =>
        (maxKey === null || Buffer.compare(prefix, maxKey) <= 0) &&
        (minKey === null || Buffer.compare(minKey.subarray(0, prefix.length), prefix) <= 0),
    ),
  }
}

export function isEmpty({ exact, prefixes }: KeyRange): boolean {
  return exact.length === 0 && prefixes.length === 0
}

function beginsWith(bytes: Buffer, beginning: Buffer): boolean {
  return bytes.subarray(0, beginning.length).equals(beginning)
}

/** How many items at the front are `below`. */
function lowerBound(items: readonly Buffer[], below: (item: Buffer) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (below(items[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}
