import { InvalidInputError } from '../../errors.ts'
import { quoteIdentifier } from '../../format/sql-quote.ts'
import type { EngineQuery, QueryEngine, QueryEstimate, QueryResult, SqlDialect } from '../../ports/query-engine.ts'
import { StatementProcess } from './child-process.ts'
import { cancelled, Run } from './run.ts'

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
  #keepsReady = false
  /** A process that waits for its statement; null where none is. */
  #ready: Promise<StatementProcess | null> | null = null

  constructor(options: DuckDbOptions) {
    this.#options = options
  }

  /**
   * From now on keeps one process ready: it takes longer to load DuckDB and open a database than to answer a short
   * statement. Each process still runs one statement and no other.
   */
  keepReady(): void {
    this.#keepsReady = true
    this.#makeReady()
  }

  async run(query: EngineQuery, signal: AbortSignal): Promise<QueryResult> {
    const run = await this.#prepare(query, signal)
    try {
      return await run.start()
    } catch (error) {
      await run.stop(cancelled())
      throw error
    }
  }

  async estimate(query: EngineQuery, signal: AbortSignal): Promise<QueryEstimate> {
    const run = await this.#prepare(query, signal)
    try {
      return await run.estimate()
    } finally {
      await run.stop(cancelled())
    }
  }

  async #prepare(query: EngineQuery, signal: AbortSignal): Promise<Run> {
    if (Buffer.byteLength(query.sql) > MAX_SQL_BYTES) {
      throw new InvalidInputError('sql-invalid', `The statement is longer than ${MAX_SQL_BYTES} bytes.`, {
        remedy: 'Shorten it.',
      })
    }
    const run = new Run(query, signal, await this.#takeProcess())
    this.#running.add(run)
    const forget = () => {
      this.#running.delete(run)
      // not before: the statement needs the cores more than the next one does
      this.#makeReady()
    }
    // A folder that cannot be removed is told to the one who reads the rows, by stop().
    run.stopped.then(forget, forget)
    return run
  }

  async #takeProcess(): Promise<StatementProcess> {
    const waiting = this.#ready
    this.#ready = null
    const ready = await waiting
    // one that died while it waited is nobody's failure
    return ready?.isAlive ? ready : await this.#startProcess()
  }

  #makeReady(): void {
    // why none can be started is told to the next statement, which tries itself
    if (this.#keepsReady) this.#ready ??= this.#startProcess().catch(() => null)
  }

  #startProcess(): Promise<StatementProcess> {
    const { temporaryFolder, threads, maxSpillBytes } = this.#options
    return StatementProcess.start(temporaryFolder, { threads, maxSpillBytes })
  }

  async close(): Promise<void> {
    this.#keepsReady = false
    const ready = await this.#ready
    ready?.kill(cancelled())
    await Promise.all([ready?.gone, ...[...this.#running].map((run) => run.stop(cancelled()))])
  }
}
