import { ColdstreamError } from '../errors.ts'
import { tableName } from '../format/table-name.ts'
import type { CheckResult } from '../ports/check-result.ts'
import type { EngineQuery, QueryEngine, QueryValue, TableSource } from '../ports/query-engine.ts'

const TIMEOUT_MS = 60_000

const LIMITS = {
  maxRows: 100_000,
  maxResultBytes: 64 * 2 ** 20,
  timeoutMs: TIMEOUT_MS,
  maxMemoryBytes: 256 * 2 ** 20,
}

/** Has an engine run a statement that reads no record: one with a catalog tells of the tables that it has. */
export async function examineEngine(
  engine: QueryEngine,
  tables: TableSource,
  signal: AbortSignal,
): Promise<CheckResult> {
  const check = `query engine ${engine.name}`
  try {
    if (engine.schema === undefined) {
      await rowsOf(engine, { sql: 'SELECT 1 AS one', parameters: [], tables, limits: LIMITS }, signal)
      return { check, outcome: 'ok', message: 'it runs a statement', remedy: null }
    }
    return await examineCatalog(engine, engine.schema, tables, signal)
  } catch (error) {
    if (!(error instanceof ColdstreamError)) throw error
    return { check, outcome: 'failure', message: error.message, remedy: error.remedy }
  }
}

async function examineCatalog(
  engine: QueryEngine,
  schema: string,
  tables: TableSource,
  signal: AbortSignal,
): Promise<CheckResult> {
  const check = `query engine ${engine.name}`
  const sql = 'SELECT table_name FROM information_schema.tables WHERE table_schema = $schema'
  const parameters = [{ name: 'schema', type: 'string' as const, value: schema }]
  const rows = await rowsOf(engine, { sql, parameters, tables, limits: LIMITS }, signal)
  const found = new Set(rows.map(([name]) => String(name)))
  const missing = (await tables.names()).filter((topic) => !found.has(tableName(topic)))
  if (missing.length === 0) {
    return { check, outcome: 'ok', message: `${schema} has a table of each archived topic`, remedy: null }
  }
  return {
    check,
    outcome: 'warning',
    message: `${schema} has no table of ${missing.join(', ')}`,
    remedy: `Create it with what \`coldstream ddl ${missing[0]} --engine ${engine.name} --schema ${schema}\` prints, if it is to be queried there.`,
  }
}

async function rowsOf(engine: QueryEngine, query: EngineQuery, signal: AbortSignal): Promise<QueryValue[][]> {
  const result = await engine.run(query, signal)
  const rows: QueryValue[][] = []
  for await (const batch of result.rows) rows.push(...batch)
  return rows
}
