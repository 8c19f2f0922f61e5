import type { EngineQuery, QueryResult } from '../../ports/query-engine.ts'
import type { TrinoConnection } from './connection.ts'
import { cancelled, timedOut, toError } from './errors.ts'
import { RowReader } from './row-reader.ts'
import { wireStatement } from './statement.ts'
import type { TrinoAnswer } from './wire.ts'

/** One statement from its start to its last row. */
export class Run {
  /** Resolves when Trino holds nothing of the statement any more. */
  readonly ended: Promise<void>
  readonly #connection: TrinoConnection
  readonly #query: EngineQuery
  readonly #startedMs = performance.now()
  /** Aborted with the reason for which the statement ends. */
  readonly #stops = new AbortController()
  readonly #end: () => void
  #nextUri: string | null = null
  #linesBefore = 0

  constructor(connection: TrinoConnection, query: EngineQuery, signal: AbortSignal) {
    this.#connection = connection
    this.#query = query
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#end = resolve
    this.#stopOn(AbortSignal.timeout(query.limits.timeoutMs), () => timedOut(query.limits.timeoutMs))
    this.#stopOn(signal, cancelled)
  }

  async start(): Promise<QueryResult> {
    const { sql, parameters, limits } = this.#query
    const { text, linesBefore } = wireStatement(sql, parameters)
    this.#linesBefore = linesBefore
    const session = {
      // Trino's own clock ends what we could not: a client that was killed, a cancel that got lost.
      query_max_run_time: `${limits.timeoutMs + 5_000}ms`,
      query_max_memory: `${limits.maxMemoryBytes}B`,
      // the cluster's sum is looked at once a second, a node's own at each allocation
      query_max_memory_per_node: `${limits.maxMemoryBytes}B`,
    }
    let answer = await this.#step(() => this.#connection.start(text, session, this.#stops.signal))
    while (answer.columns === undefined && answer.nextUri !== undefined) answer = await this.#next()
    const rows = new RowReader({
      first: answer,
      limits,
      startedMs: this.#startedMs,
      next: () => {
        // an end that was forced on it is not the end of the rows
        this.#stops.signal.throwIfAborted()
        return this.#nextUri === null ? null : this.#next()
      },
      finish: () => this.stop(cancelled()),
    })
    return { columns: rows.columns, rows, statistics: () => ({ ...rows.statistics }), ended: this.ended }
  }

  /** The next part of the answer. */
  async #next(): Promise<TrinoAnswer> {
    const uri = this.#nextUri!
    return await this.#step(() => this.#connection.follow(uri, this.#stops.signal))
  }

  /** Idempotent; what waits rejects with the reason that was given first. */
  async stop(reason: Error): Promise<void> {
    this.#stops.abort(reason)
    const uri = this.#nextUri
    this.#nextUri = null
    if (uri !== null) await this.#connection.cancel(uri)
    this.#end()
  }

  async #step(request: () => Promise<TrinoAnswer>): Promise<TrinoAnswer> {
    try {
      this.#stops.signal.throwIfAborted()
      const answer = await request()
      this.#nextUri = answer.nextUri ?? null
      // stopped while the answer was on its way: it says where to cancel
      this.#stops.signal.throwIfAborted()
      if (answer.error !== undefined) throw toError(answer.error, this.#linesBefore)
      const share = answer.stats?.progressPercentage
      if (share !== undefined) this.#query.onProgress?.(share / 100)
      return answer
    } catch (error) {
      const reason = this.#stops.signal.aborted ? (this.#stops.signal.reason as Error) : (error as Error)
      await this.stop(reason)
      throw reason
    }
  }

  #stopOn(signal: AbortSignal, reason: () => Error): void {
    const stop = () => void this.stop(reason())
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true, signal: this.#stops.signal })
  }
}
