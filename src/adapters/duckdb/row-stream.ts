import type { DuckDBResult } from '@duckdb/node-api'
import type { QueryValue } from '../../ports/query-engine.ts'
import type { FromChild } from './protocol.ts'
import { roughBytes, toQueryValue } from './value.ts'

/** Larger messages would only wait longer in both processes. */
const MAX_MESSAGE_BYTES = 1024 * 1024

/** Rows of a running statement, a message at a time, cut at the limits. */
export class RowStream {
  readonly #rows: AsyncIterator<QueryValue[]>
  readonly #maxRows: number
  readonly #maxBytes: number
  #sentRows = 0
  #sentBytes = 0
  #truncated = false

  constructor(result: DuckDBResult, maxRows: number, maxBytes: number) {
    this.#rows = rowsOf(result)
    this.#maxRows = maxRows
    this.#maxBytes = maxBytes
  }

  async next(): Promise<FromChild> {
    if (this.#truncated) return { kind: 'end', truncated: true }
    const rows: QueryValue[][] = []
    let bytes = 0
    while (bytes < MAX_MESSAGE_BYTES) {
      const { done, value: row } = await this.#rows.next()
      if (done) break
      const size = row.reduce((sum: number, value: QueryValue) => sum + roughBytes(value), 0)
      if (this.#sentRows === this.#maxRows || this.#sentBytes + size > this.#maxBytes) {
        this.#truncated = true
        break
      }
      rows.push(row)
      bytes += size
      this.#sentRows++
      this.#sentBytes += size
    }
    if (rows.length === 0) return { kind: 'end', truncated: this.#truncated }
    return { kind: 'rows', rows }
  }
}

async function* rowsOf(result: DuckDBResult): AsyncGenerator<QueryValue[], void> {
  for (;;) {
    const chunk = await result.fetchChunk()
    if (chunk === null || chunk.rowCount === 0) return
    for (let row = 0; row < chunk.rowCount; row++) yield chunk.getRowValues(row).map(toQueryValue)
  }
}
