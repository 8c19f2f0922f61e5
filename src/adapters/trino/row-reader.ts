import { roughRowBytes } from '../../format/rough-bytes.ts'
import type { QueryColumn, QueryLimits, QueryStatistics, QueryValue } from '../../ports/query-engine.ts'
import { readerOf, type ValueReader } from './value.ts'
import type { TrinoAnswer } from './wire.ts'

export interface StartedStatement {
  /** The first answer that tells the columns. */
  first: TrinoAnswer
  limits: QueryLimits
  /** By `performance.now()`. */
  startedMs: number
  /** The next part; null behind the last one. */
  next(): Promise<TrinoAnswer> | null
  /** Ends the statement, whatever way the reading ends. Idempotent. */
  finish(): Promise<void>
}

/** Rows of a running statement as they come, cut at the limits. */
export class RowReader implements AsyncIterableIterator<readonly QueryValue[][]> {
  readonly columns: readonly QueryColumn[]
  readonly statistics: QueryStatistics
  readonly #statement: StartedStatement
  readonly #readers: readonly ValueReader[]
  #first: TrinoAnswer | null
  #isOver = false
  #bytes = 0

  constructor(statement: StartedStatement) {
    const columns = statement.first.columns ?? []
    this.#statement = statement
    this.#first = statement.first
    this.#readers = columns.map(({ typeSignature }) => readerOf(typeSignature))
    this.columns = columns.map(({ name, type }) => ({ name, type }))
    this.statistics = { rows: 0, truncated: false, files: 0, bytes: 0, scannedBytes: 0, elapsedMs: 0 }
  }

  async next(): Promise<IteratorResult<readonly QueryValue[][]>> {
    try {
      for (let answer = await this.#take(); answer !== null; answer = await this.#take()) {
        const rows = this.#read(answer)
        if (this.statistics.truncated) await this.return()
        if (rows.length > 0) return { done: false, value: rows }
      }
    } catch (error) {
      await this.return()
      throw error
    }
    return await this.return()
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#isOver = true
    if (this.statistics.elapsedMs === 0) this.statistics.elapsedMs = performance.now() - this.#statement.startedMs
    await this.#statement.finish()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async #take(): Promise<TrinoAnswer | null> {
    if (this.#isOver) return null
    const first = this.#first
    this.#first = null
    return first ?? (await this.#statement.next())
  }

  /** The rows that fit into the limits. */
  #read({ data = [], stats }: TrinoAnswer): QueryValue[][] {
    const { maxRows, maxResultBytes } = this.#statement.limits
    if (stats !== undefined) {
      this.statistics.scannedBytes = stats.physicalInputBytes
      this.statistics.bytes = stats.physicalInputBytes
    }
    const rows: QueryValue[][] = []
    for (const values of data) {
      const row = values.map((value, index) => this.#readers[index]!(value))
      const bytes = roughRowBytes(row)
      if (this.statistics.rows === maxRows || this.#bytes + bytes > maxResultBytes) {
        this.statistics.truncated = true
        break
      }
      this.statistics.rows++
      this.#bytes += bytes
      rows.push(row)
    }
    return rows
  }
}
