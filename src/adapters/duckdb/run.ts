import { AbortedError } from '../../errors.ts'
import type { ArchiveTable, EngineQuery, QueryEstimate, QueryResult, RowBounds } from '../../ports/query-engine.ts'
import type { StatementProcess } from './child-process.ts'
import { UnknownNameError } from './errors.ts'
import { withColumns, withTopics } from './hints.ts'
import { resultOf } from './result.ts'
import { boundsOfTopics, matchTopics } from './topic-names.ts'

/** One statement from its parse to its last row. */
export class Run {
  /** Resolves when the process is gone and its folder with it. */
  readonly stopped: Promise<void>
  readonly #query: EngineQuery
  readonly #process: StatementProcess
  readonly #startedMs = performance.now()
  readonly #stops = new AbortController()

  /** `process` is the run's own and ends with it. */
  constructor(query: EngineQuery, signal: AbortSignal, process: StatementProcess) {
    this.#query = query
    this.#process = process
    this.stopped = process.gone
    this.#stopOn(AbortSignal.timeout(query.limits.timeoutMs), () => timedOut(query.limits.timeoutMs))
    this.#stopOn(signal, cancelled)
  }

  async start(): Promise<QueryResult> {
    const { onProgress, tables: source } = this.#query
    const { topics, bounds } = await this.#open()
    const { folder, tables } = await source.load(topics, this.#stops.signal, bounds)
    if (onProgress !== undefined) this.#process.onProgress = onProgress
    const sayProgress = onProgress !== undefined
    const started = await this.#explained(tables, this.#process.ask({ kind: 'run', folder, tables, sayProgress }))
    if (started.kind !== 'columns') throw new Error(`the child answered ${started.kind} to run`)
    return resultOf({
      columns: started.columns,
      tables,
      startedMs: this.#startedMs,
      next: () => this.#explained(tables, this.#process.ask({ kind: 'next' })),
      finish: (reason) => this.stop(reason),
      ended: this.stopped,
    })
  }

  /** What the statement would read; nothing runs. */
  async estimate(): Promise<QueryEstimate> {
    const { topics, bounds } = await this.#open()
    return await this.#query.tables.measure(topics, bounds)
  }

  /** Idempotent; what waits rejects with the reason that was given first. */
  async stop(reason: Error): Promise<void> {
    this.#kill(reason)
    await this.stopped
  }

  /** Killed, not asked: DuckDB looks at an interrupt only between its steps, and some are long. */
  #kill(reason: Error): void {
    this.#stops.abort(reason)
    this.#process.kill(reason)
  }

  #stopOn(signal: AbortSignal, reason: () => Error): void {
    if (signal.aborted) this.#kill(reason())
    else signal.addEventListener('abort', () => this.#kill(reason()), { once: true, signal: this.#stops.signal })
  }

  /** Has the text parsed: which topics it reads, and what it can use of them. */
  async #open(): Promise<{ topics: string[]; bounds: Map<string, RowBounds> }> {
    const { sql, limits, parameters } = this.#query
    const opened = await this.#process.ask({
      kind: 'open',
      sql,
      parameters,
      maxMemoryBytes: limits.maxMemoryBytes,
      maxRows: limits.maxRows,
      maxResultBytes: limits.maxResultBytes,
    })
    if (opened.kind !== 'tables') throw new Error(`the child answered ${opened.kind} to open`)
    const topics = matchTopics(opened.names, await this.#query.tables.names())
    this.#stops.signal.throwIfAborted()
    return { topics, bounds: boundsOfTopics(topics, opened.bounds) }
  }

  async #explained<T>(tables: readonly ArchiveTable[], answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      if (!(error instanceof UnknownNameError)) throw error
      if (error.missing.kind === 'column') throw withColumns(error, tables)
      throw withTopics(error, await this.#query.tables.names())
    }
  }
}

function timedOut(timeoutMs: number): AbortedError {
  return new AbortedError('query-timeout', `The query was stopped: it took longer than ${timeoutMs / 1000} s.`, {
    remedy: 'Narrow the time window, select fewer columns, or raise the time limit.',
  })
}

export function cancelled(): AbortedError {
  return new AbortedError('query-cancelled', 'The query was cancelled.', {
    remedy: 'Run it again if you still need the answer.',
  })
}
