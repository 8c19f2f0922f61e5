import type { QueryColumn, QueryLimits, QueryResult, QueryStatistics, QueryValue } from '../../ports/query-engine.ts'
import type { TextRow } from './rows.ts'
import { toQueryValue } from './value.ts'

export interface SucceededQuery {
  columns: readonly QueryColumn[]
  batches: AsyncIterator<readonly TextRow[]>
  limits: Pick<QueryLimits, 'maxRows' | 'maxResultBytes'>
  /** What Athena told of the run. */
  facts: Pick<QueryStatistics, 'bytes' | 'scannedBytes' | 'costUsd' | 'engineQueryId' | 'isReused'>
  elapsedMs(): number
  /** Aborts with why the reading has to end early. */
  signal: AbortSignal
  /** Whatever way the reading ends. Idempotent. */
  finish(): void
}

/** The rows as typed values, cut at the limits. */
export function resultOf(query: SucceededQuery): QueryResult {
  const ended = Promise.withResolvers<void>()
  const rows = new RowReader(query, ended.resolve)
  return { columns: query.columns, rows, statistics: () => ({ ...rows.statistics }), ended: ended.promise }
}

/** No generator: one that is dropped before its first row never gets to its `finally`. */
class RowReader implements AsyncIterableIterator<readonly QueryValue[][]> {
  readonly statistics: QueryStatistics
  readonly #query: SucceededQuery
  readonly #ended: () => void
  #bytes = 0
  #isDone = false

  constructor(query: SucceededQuery, ended: () => void) {
    this.#query = query
    this.#ended = ended
    // Who reads is told by the signal; this only lets go.
    query.signal.addEventListener('abort', () => this.return().catch(() => undefined), { once: true })
    this.statistics = { rows: 0, truncated: false, files: 0, elapsedMs: query.elapsedMs(), ...query.facts }
  }

  async next(): Promise<IteratorResult<readonly QueryValue[][]>> {
    if (this.#isDone) {
      this.#query.signal.throwIfAborted()
      return { done: true, value: undefined }
    }
    try {
      const { done, value } = this.statistics.truncated ? { done: true } : await this.#query.batches.next()
      if (!done && value !== undefined) {
        const rows = this.#cut(value)
        this.statistics.rows += rows.length
        if (rows.length > 0) return { done: false, value: rows }
      }
    } catch (error) {
      await this.return()
      throw error
    }
    return await this.return()
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    if (!this.#isDone) {
      this.#isDone = true
      this.statistics.elapsedMs = this.#query.elapsedMs()
      this.#query.finish()
      this.#ended()
      await this.#query.batches.return?.()
    }
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** What the limits still allow, as values. */
  #cut(batch: readonly TextRow[]): QueryValue[][] {
    const { columns, limits } = this.#query
    const rows: QueryValue[][] = []
    for (const row of batch) {
      const bytes = row.reduce((sum, text) => sum + 16 + (text?.length ?? 0), 0)
      if (this.statistics.rows + rows.length === limits.maxRows || this.#bytes + bytes > limits.maxResultBytes) {
        this.statistics.truncated = true
        break
      }
      this.#bytes += bytes
      rows.push(row.map((text, index) => toQueryValue(text, columns[index]!.type)))
    }
    return rows
  }
}
