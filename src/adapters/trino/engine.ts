import { trinoDialect } from '../../format/trino-dialect.ts'
import type { EngineQuery, QueryEngine, QueryResult } from '../../ports/query-engine.ts'
import { TrinoConnection, type TrinoOptions } from './connection.ts'
import { cancelled } from './errors.ts'
import { Run } from './run.ts'

export type { TrinoOptions }

/** A Trino cluster that has the archive's topics as tables of one schema (`coldstream ddl`). It reads the store itself. */
export class TrinoEngine implements QueryEngine {
  readonly name = 'trino'
  readonly dialect = trinoDialect
  readonly schema: string
  readonly #connection: TrinoConnection
  readonly #running = new Set<Run>()

  constructor(options: TrinoOptions) {
    this.schema = options.schema
    this.#connection = new TrinoConnection(options)
  }

  async run(query: EngineQuery, signal: AbortSignal): Promise<QueryResult> {
    const run = new Run(this.#connection, query, signal)
    this.#running.add(run)
    run.ended.then(() => this.#running.delete(run))
    try {
      return await run.start()
    } catch (error) {
      await run.stop(cancelled())
      throw error
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running].map((run) => run.stop(cancelled())))
  }
}
