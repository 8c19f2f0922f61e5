import { roughRowBytes } from '../format/rough-bytes.ts'
import type { QueryValue } from '../ports/query-engine.ts'

/** Rows of some batches together: when they are so many, or so many bytes, roughly, and what is left at the end. Never none. */
export async function* gatherRows(
  batches: AsyncIterable<readonly QueryValue[][]>,
  enough: { rows: number; bytes: number },
): AsyncGenerator<QueryValue[][], void, undefined> {
  let pending: QueryValue[][] = []
  let bytes = 0
  for await (const rows of batches) {
    for (const row of rows) {
      pending.push(row)
      bytes += roughRowBytes(row)
    }
    if (pending.length < enough.rows && bytes < enough.bytes) continue
    yield pending
    pending = []
    bytes = 0
  }
  if (pending.length > 0) yield pending
}
