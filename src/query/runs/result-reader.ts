import { appendAll } from '../../format/append-all.ts'
import type { QueryColumn, QueryValue } from '../../ports/query-engine.ts'
import type { RunEnd } from './run-record.ts'
import type { RunStore } from './run-store.ts'

/** Rows of a completed run. */
export interface ResultReader {
  columns: readonly QueryColumn[]
  rows: number
  /** Rows from number `after` (from 0) on, in batches. Throws GoneError `query-results-gone`. */
  from(after: number): AsyncIterable<readonly QueryValue[][]>
}

export function resultReader(store: RunStore, id: string, end: RunEnd): ResultReader {
  return {
    columns: end.columns,
    rows: end.parts.reduce((sum, { rows }) => sum + rows, 0),
    async *from(after) {
      let first = 0
      for (const [part, { rows: count }] of end.parts.entries()) {
        if (first + count > after) {
          const rows = await store.readRows(id, part)
          yield first < after ? rows.slice(after - first) : rows
        }
        first += count
      }
    },
  }
}

/** One page of them. */
export async function pageOf(results: ResultReader, after: number, limit: number): Promise<QueryValue[][]> {
  const page: QueryValue[][] = []
  for await (const rows of results.from(after)) {
    appendAll(page, rows.slice(0, limit - page.length))
    if (page.length >= limit) break
  }
  return page
}
