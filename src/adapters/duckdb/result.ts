import { AbortedError } from '../../errors.ts'
import type { ArchiveTable, QueryColumn, QueryResult, QueryStatistics, QueryValue } from '../../ports/query-engine.ts'
import type { FromChild } from './protocol.ts'

export interface StartedStatement {
  columns: readonly QueryColumn[]
  tables: readonly ArchiveTable[]
  /** By `performance.now()`. */
  startedMs: number
  next(): Promise<FromChild>
  /** Ends the child, whatever way the reading ends. Idempotent. */
  finish(reason: Error): Promise<void>
  ended: Promise<void>
}

/** The rows of a statement as they come, its process ended behind the last one. */
export function resultOf(statement: StartedStatement): QueryResult {
  const rows = new RowReader(statement)
  return { columns: statement.columns, rows, statistics: () => ({ ...rows.statistics }), ended: statement.ended }
}

/** No generator: one that is dropped before its first row never gets to its `finally`. */
class RowReader implements AsyncIterableIterator<readonly QueryValue[][]> {
  readonly statistics: QueryStatistics
  readonly #statement: StartedStatement

  constructor(statement: StartedStatement) {
    this.#statement = statement
    this.statistics = {
      rows: 0,
      truncated: false,
      files: sum(statement.tables, (table) => table.files),
      bytes: sum(statement.tables, (table) => table.bytes),
      elapsedMs: 0,
    }
  }

  async next(): Promise<IteratorResult<readonly QueryValue[][]>> {
    try {
      const answer = await this.#statement.next()
      if (answer.kind === 'rows') {
        this.statistics.rows += answer.rows.length
        return { done: false, value: answer.rows }
      }
      if (answer.kind !== 'end') throw new Error(`the child answered ${answer.kind} to next`)
      this.statistics.truncated = answer.truncated
    } catch (error) {
      await this.return()
      throw error
    }
    // the rows are whole without waiting for the process to die; how that went, `ended` tells
    this.#finish().catch(() => undefined)
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    await this.#finish()
    return { done: true, value: undefined }
  }

  #finish(): Promise<void> {
    if (this.statistics.elapsedMs === 0) this.statistics.elapsedMs = performance.now() - this.#statement.startedMs
    return this.#statement.finish(ended())
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

function ended(): AbortedError {
  return new AbortedError('query-ended', 'The result of this query was read.', { remedy: 'Run the query again.' })
}

function sum<T>(items: readonly T[], size: (item: T) => number): number {
  return items.reduce((total, item) => total + size(item), 0)
}
