import type { DuckDBDataChunk, DuckDBResult } from '@duckdb/node-api'
import { roughRowBytes } from '../../format/rough-bytes.ts'
import type { QueryValue } from '../../ports/query-engine.ts'
import type { FromChild } from './protocol.ts'
import { toQueryValue } from './value.ts'

/** Larger messages would only wait longer in both processes. */
const MAX_MESSAGE_BYTES = 1024 * 1024

/** Rows of a running statement, a message at a time, cut at the limits. */
export class RowStream {
  readonly #result: DuckDBResult
  readonly #maxRows: number
  readonly #maxBytes: number
  #chunk: DuckDBDataChunk | null = null
  /** Next row of the chunk. */
  #at = 0
  #sentRows = 0
  #sentBytes = 0
  #truncated = false

  constructor(result: DuckDBResult, maxRows: number, maxBytes: number) {
    this.#result = result
    this.#maxRows = maxRows
    this.#maxBytes = maxBytes
  }

  async next(): Promise<FromChild> {
    const rows: QueryValue[][] = []
    let bytes = 0
    while (bytes < MAX_MESSAGE_BYTES && !this.#truncated && (await this.#hasRow())) {
      const row = this.#chunk!.getRowValues(this.#at++).map(toQueryValue)
      const size = roughRowBytes(row)
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

  /** Whether there is a row at `#at`, after the next chunk was fetched if need be. */
  #hasRow(): true | Promise<boolean> {
    return this.#chunk !== null && this.#at < this.#chunk.rowCount ? true : this.#fetch()
  }

  async #fetch(): Promise<boolean> {
    this.#chunk = await this.#result.fetchChunk()
    this.#at = 0
    return this.#chunk !== null && this.#chunk.rowCount > 0
  }
}
