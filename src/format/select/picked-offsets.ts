import type { RowBatch } from '../row-batch.ts'
import { countBelow } from '../sorted-offsets.ts'

/** Tells whether a row's offset is picked. Rows have to be asked for in ascending order, from offset `from` on. */
export function pickedTest(picked: BigInt64Array, from: bigint): (rows: RowBatch, row: number) => boolean {
  let at = countBelow(picked, from)
  return ({ offset }, row) => {
    while (at < picked.length && picked[at]! < offset[row]!) at++
    return picked[at] === offset[row]
  }
}
