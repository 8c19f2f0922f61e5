import { createHash, randomUUID } from 'node:crypto'
import type { QueryExecution } from '@aws-sdk/client-athena'
import { trinoDialect } from '../../format/trino-dialect.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EngineQuery, QueryEngine, QueryResult, SqlDialect } from '../../ports/query-engine.ts'
import { AthenaApi, type StartInput } from './api.ts'
import { costOf } from './cost.ts'
import { cancelled, Execution } from './execution.ts'
import type { AthenaOptions } from './options.ts'
import { executionParameters } from './parameters.ts'
import { resultOf } from './result.ts'
import { ResultObjects } from './result-objects.ts'
import type { Pace } from './retry.ts'
import { batchesOf, firstPage } from './rows.ts'
import { readingStatement } from './statement.ts'

/** Statements about the catalog are short. */
const DEFINE_TIMEOUT_MS = 300_000

/** Amazon Athena: the tables of a Glue catalog, a query an execution in a workgroup. */
export class AthenaEngine implements QueryEngine {
  readonly name = 'athena'
  readonly dialect: SqlDialect = trinoDialect
  readonly schema: string
  readonly #options: AthenaOptions
  readonly #pace: Pace
  readonly #api: AthenaApi
  readonly #objects: ResultObjects
  /** Until nothing of them is left, here or there. */
  readonly #running = new Map<Execution, Promise<unknown>>()

  /** `random` gives numbers from 0 to below 1, for waits that do not meet. Nothing is asked of Athena yet. */
  constructor(options: AthenaOptions, clock: Clock, random: () => number = Math.random) {
    this.#options = options
    this.schema = options.database
    this.#pace = { clock, random }
    this.#api = new AthenaApi(options, this.#pace)
    this.#objects = new ResultObjects(options, this.#pace)
  }

  async run(query: EngineQuery, signal: AbortSignal): Promise<QueryResult> {
    const statement = this.#statement(query)
    return await this.#execution(query.limits.timeoutMs, signal, async (execution, elapsedMs) => {
      const done = await execution.succeed(this.#input(statement, tokenOf(query)))
      const first = await firstPage(this.#api, done.id, execution.signal)
      const place = { id: done.id, url: done.ResultConfiguration?.OutputLocation ?? null }
      return resultOf({
        columns: first.columns.map(({ Name, Type }) => ({ name: Name ?? '', type: Type ?? 'unknown' })),
        batches: batchesOf({ api: this.#api, objects: this.#objects }, place, first, execution.signal),
        limits: query.limits,
        facts: this.#facts(done),
        elapsedMs,
        signal: execution.signal,
        finish: () => this.#finish(execution),
      })
    })
  }

  async define(sql: string, signal: AbortSignal): Promise<void> {
    const input = this.#input({ sql, parameters: [] }, randomUUID())
    await this.#execution(DEFINE_TIMEOUT_MS, signal, async (execution) => {
      await execution.succeed(input)
      this.#finish(execution)
    })
  }

  costUsd(scannedBytes: number): number {
    return costOf(scannedBytes, this.#options.pricePerTb)
  }

  async close(): Promise<void> {
    for (const execution of this.#running.keys()) execution.stop(cancelled())
    await Promise.allSettled(this.#running.values())
    await this.#api.close()
    await this.#objects.close()
  }

  #statement(query: EngineQuery): { sql: string; parameters: string[] } {
    const { sql, names } = readingStatement(query.sql)
    return { sql, parameters: executionParameters(names, query.parameters) }
  }

  async #execution<T>(
    timeoutMs: number,
    signal: AbortSignal,
    use: (execution: Execution, elapsedMs: () => number) => Promise<T>,
  ): Promise<T> {
    const startedMs = performance.now()
    const bounds = { timeoutMs, maxScannedBytes: this.#options.maxScannedBytes }
    const execution = new Execution(this.#api, this.#pace, bounds, signal)
    const using = use(execution, () => performance.now() - startedMs)
    this.#running.set(execution, using)
    try {
      return await using
    } catch (error) {
      this.#finish(execution)
      throw error
    }
  }

  #finish(execution: Execution): void {
    execution.end()
    this.#running.delete(execution)
  }

  #input(statement: { sql: string; parameters: string[] }, token: string): StartInput {
    const { workgroup, catalog, database, outputLocation, reuseMaxAgeMinutes } = this.#options
    return {
      QueryString: statement.sql,
      ...(statement.parameters.length === 0 ? {} : { ExecutionParameters: statement.parameters }),
      ClientRequestToken: token,
      WorkGroup: workgroup,
      QueryExecutionContext: { Catalog: catalog, Database: database },
      ...(outputLocation === null ? {} : { ResultConfiguration: { OutputLocation: outputLocation } }),
      ...(reuseMaxAgeMinutes === null
        ? {}
        : {
            ResultReuseConfiguration: {
              ResultReuseByAgeConfiguration: { Enabled: true, MaxAgeInMinutes: reuseMaxAgeMinutes },
            },
          }),
    }
  }

  #facts({ QueryExecutionId, Statistics }: QueryExecution) {
    const isReused = Statistics?.ResultReuseInformation?.ReusedPreviousResult ?? false
    const scannedBytes = isReused ? 0 : (Statistics?.DataScannedInBytes ?? 0)
    return {
      bytes: scannedBytes,
      scannedBytes,
      costUsd: this.costUsd(scannedBytes),
      engineQueryId: QueryExecutionId ?? '',
      isReused,
    }
  }
}

/** One execution for all tries to start one query, also those of another process that knows its id. */
function tokenOf({ id }: EngineQuery): string {
  return createHash('sha256')
    .update(`coldstream rows ${id ?? randomUUID()}`)
    .digest('hex')
}
