import { randomUUID } from 'node:crypto'
import type { TestContext } from 'node:test'
import { AthenaEngine } from '../../../src/adapters/athena/engine.ts'
import type { AthenaOptions } from '../../../src/adapters/athena/options.ts'
import { SystemClock } from '../../../src/adapters/system-clock.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { EngineQuery, QueryColumn, QueryStatistics, QueryValue } from '../../../src/ports/query-engine.ts'
import { type AthenaServer, type SqlAnswer, type SqlStatement, startAthenaServer } from '../../kit/athena-server.ts'
import { LIMITS } from '../../query/rig.ts'

export const SECRET = 'secret-of-the-test'

/** Options for a server of the kit. */
export function optionsFor(url: string, options: Partial<AthenaOptions> = {}): AthenaOptions {
  return {
    workgroup: 'primary',
    database: 'default',
    catalog: 'AwsDataCatalog',
    outputLocation: null,
    region: 'eu-west-1',
    endpoint: url,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: SECRET },
    reuseMaxAgeMinutes: null,
    maxScannedBytes: null,
    pricePerTb: 5,
    results: { endpoint: null, forcePathStyle: true },
    ...options,
  }
}

export interface Answer {
  columns: readonly QueryColumn[]
  rows: QueryValue[][]
  statistics: QueryStatistics
}

/** Runs a statement to its end. */
export async function ask(
  engine: AthenaEngine,
  query: Partial<EngineQuery> & { sql: string },
  signal: AbortSignal = new AbortController().signal,
): Promise<Answer> {
  const result = await engine.run(queryOf(query), signal)
  const rows: QueryValue[][] = []
  for await (const batch of result.rows) rows.push(...batch)
  await result.ended
  return { columns: result.columns, rows, statistics: result.statistics() }
}

/** With limits, no parameters, an id of its own; an engine with a catalog never asks for tables. */
export function queryOf(query: Partial<EngineQuery> & { sql: string }): EngineQuery {
  const never = async (): Promise<never> => {
    throw new Error('Athena has a catalog of its own')
  }
  return {
    id: randomUUID(),
    parameters: [],
    tables: { names: never, load: never, measure: never },
    limits: LIMITS,
    ...query,
  }
}

export type Script = (
  statement: SqlStatement,
  signal: AbortSignal,
  scanned: (bytes: number) => void,
) => Promise<SqlAnswer> | SqlAnswer

export interface Rig {
  server: AthenaServer
  engine: AthenaEngine
}

/** An engine before a server that answers by a script. */
export async function scripted(
  t: Pick<TestContext, 'after'>,
  script: Script,
  options: Partial<AthenaOptions> & { clock?: Clock; cutoffBytes?: number } = {},
): Promise<Rig> {
  const { clock = new SystemClock(), cutoffBytes, ...athena } = options
  const server = await startAthenaServer({
    engine: { run: async (...given) => await script(...given) },
    workgroups: { primary: cutoffBytes === undefined ? {} : { cutoffBytes } },
  })
  t.after(() => server.stop())
  const engine = new AthenaEngine(optionsFor(server.url, athena), clock)
  t.after(() => engine.close())
  return { server, engine }
}

/** Numbers from 0, in one column. */
export function numbers(count: number): SqlAnswer {
  return { columns: [{ name: 'n', type: 'bigint' }], rows: Array.from({ length: count }, (_, n) => [String(n)]) }
}

/** Rejects when the statement is stopped, and never resolves. */
export function untilStopped(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason))
  })
}

/** What was asked of the server, without repeats in a row. */
export function actions(server: AthenaServer): string[] {
  const all = server.requests.map(({ action }) => action)
  return all.filter((action, index) => action !== all[index - 1])
}
