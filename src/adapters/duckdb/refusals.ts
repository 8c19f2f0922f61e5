import type { DuckDBConnection } from '@duckdb/node-api'
import type { ParsedStatement } from './parsed-statement.ts'

/**
 * Table functions that only compute. All others are refused by name, before DuckDB sees the statement: among them are
 * readers of files and of the process's own state, and some that change settings in spite of `lock_configuration`
 * (`enable_logging`), as well as `query()`, which would hide any of them in a string.
 */
const HARMLESS_TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  'generate_series',
  'json_each',
  'json_tree',
  'range',
  'repeat',
  'unnest',
])

/** Functions that tell of the process or write into it. */
const REFUSED_FUNCTIONS: ReadonlySet<string> = new Set(['current_setting', 'write_log'])

/** Why a statement may not run here, one sentence each; none when it may. `views`: those of `systemViews`. */
export function refusalsOf(statement: ParsedStatement, views: ReadonlySet<string>): string[] {
  const tableFunctions = statement.tableFunctions.filter((name) => !HARMLESS_TABLE_FUNCTIONS.has(name))
  const functions = statement.functions.filter((name) => REFUSED_FUNCTIONS.has(name))
  const catalog = [...statement.foreignTables, ...statement.tables.filter((name) => views.has(name.toLowerCase()))]
  return [
    ...told('Table functions that may not be called here', tableFunctions),
    ...told('Functions that may not be called here', functions),
    ...told('What is no topic of the archive', catalog),
  ]
}

function told(what: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${what}: ${names.join(', ')}.`]
}

/** DuckDB's own views by the names that need no schema: they would tell of settings and of where the archive's files are. */
export async function systemViews(connection: DuckDBConnection): Promise<ReadonlySet<string>> {
  const reader = await connection.runAndReadAll(
    "SELECT view_name FROM duckdb_views() WHERE internal AND schema_name IN ('main', 'pg_catalog')",
  )
  return new Set(reader.getRows().map(([name]) => String(name)))
}
