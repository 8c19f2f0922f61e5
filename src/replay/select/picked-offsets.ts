import type { RowBatch } from '../../format/row-batch.ts'

/** Whether one of the ascending offsets is in `[min, max]`. */
export function hasBetween(picked: BigInt64Array, min: bigint, max: bigint): boolean {
  const at = firstFrom(picked, min)
  return at < picked.length && picked[at]! <= max
}

/** Tells whether a row's offset is picked. Rows have to be asked for in ascending order, from offset `from` on. */
export function pickedTest(picked: BigInt64Array, from: bigint): (rows: RowBatch, row: number) => boolean {
  let at = firstFrom(picked, from)
  return ({ offset }, row) => {
    while (at < picked.length && picked[at]! < offset[row]!) at++
    return picked[at] === offset[row]
  }
}

function firstFrom(picked: BigInt64Array, from: bigint): number {
  let low = 0
  let high = picked.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (picked[middle]! < from) low = middle + 1
    else high = middle
  }
  return low
}
