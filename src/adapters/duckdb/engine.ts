import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidInputError } from '../../errors.ts'
import { quoteIdentifier } from '../../format/sql-quote.ts'
import type { EngineQuery, QueryEngine, QueryEstimate, QueryResult, SqlDialect } from '../../ports/query-engine.ts'
import { cancelled, Run, type RunSettings } from './run.ts'

/** Longer texts are not written by people, and a parser's stack is finite. */
const MAX_SQL_BYTES = 256 * 1024

export interface DuckDbOptions {
  /** Folder for what does not fit into memory; each statement gets and loses its own folder in it. */
  temporaryFolder: string
  /** Of one statement's temporary files. */
  maxSpillBytes: number
  threads: number
}

/** DuckDB, a child process per statement: read-only, locked to the files of the tables it names, bounded. */
export class DuckDbEngine implements QueryEngine {
  readonly name = 'duckdb'
  readonly dialect: SqlDialect = {
    syntax: 'duckdb',
    placeholder: (name) => `$${name}`,
    identifier: quoteIdentifier,
  }
  readonly #options: DuckDbOptions
  readonly #running = new Set<Run>()

  constructor(options: DuckDbOptions) {
    this.#options = options
  }

  async run(query: EngineQuery, signal: AbortSignal): Promise<QueryResult> {
    const { run, settings } = await this.#prepare(query, signal)
    try {
      return await run.start(settings)
    } catch (error) {
      await run.stop(cancelled())
      throw error
    }
  }

  async estimate(query: EngineQuery, signal: AbortSignal): Promise<QueryEstimate> {
    const { run, settings } = await this.#prepare(query, signal)
    try {
      return await run.estimate(settings)
    } finally {
      await run.stop(cancelled())
    }
  }

  async #prepare(query: EngineQuery, signal: AbortSignal): Promise<{ run: Run; settings: RunSettings }> {
    if (Buffer.byteLength(query.sql) > MAX_SQL_BYTES) {
      throw new InvalidInputError('sql-invalid', `The statement is longer than ${MAX_SQL_BYTES} bytes.`, {
        remedy: 'Shorten it.',
      })
    }
    const { temporaryFolder, threads, maxSpillBytes } = this.#options
    const folder = await mkdtemp(join(temporaryFolder, 'coldstream-query-'))
    const run = new Run(query, signal, folder)
    this.#running.add(run)
    const forget = () => this.#running.delete(run)
    // A folder that cannot be removed is told to the one who reads the rows, by stop().
    run.stopped.then(forget, forget)
    return { run, settings: { folder, threads, maxSpillBytes } }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((run) => run.stop(cancelled())))
  }
}
