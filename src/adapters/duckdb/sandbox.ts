import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'

import type { ArchiveTable } from '../../ports/query-engine.ts'
import { TRINO_MACROS } from './macros.ts'
import type { DatabaseSettings } from './protocol.ts'
import { createTable } from './row-table.ts'
import { createView, fileList } from './views.ts'

/** A database in memory that can neither load code nor spill more than it may; how much memory it takes is to be bounded. */
export async function openDatabase(settings: DatabaseSettings): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(settings.threads),
    temp_directory: settings.spillFolder,
    max_temp_directory_size: `${Math.floor(settings.maxSpillBytes / 1024)}KiB`,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
  })
  const connection = await instance.connect()
  await connection.run('SET errors_as_json = true')
  await connection.run("SET TimeZone = 'UTC'")
  // Columns are read whole, and what was read is not kept: the process ends with its statement, and the system keeps files
  // that are read twice. Measured: full scans take 14 % less time, whole records of a key 14 to 20 %.
  await connection.run('SET prefetch_all_parquet_files = true')
  await connection.run('SET enable_external_file_cache = false')
  await connection.run('SET enable_progress_bar = true')
  await connection.run('SET enable_progress_bar_print = false')
  for (const macro of TRINO_MACROS) await connection.run(`CREATE MACRO ${macro}`)
  return connection
}

/**
 * At this share of its memory DuckDB spills. It does not count every buffer: with all of it, an aggregation over many groups
 * came to what ends the process before it spilled (20 M records, 4 GiB).
 */
const SPILL_SHARE = 0.8

/** Bounds the memory of what runs from here on. */
export async function boundMemory(connection: DuckDBConnection, maxBytes: number): Promise<void> {
  await connection.run(`SET memory_limit = '${Math.floor((maxBytes * SPILL_SHARE) / 1024)}KiB'`)
}

/** Shows the tables, then shuts the door: from here on only the tables' files can be opened, and no setting changed. */
export async function lockOnto(connection: DuckDBConnection, tables: readonly ArchiveTable[]): Promise<void> {
  for (const table of tables) {
    const { contents } = table
    if (contents.kind === 'files') await connection.run(createView(table, contents))
    else await createTable(connection, table, contents)
  }
  await connection.run(`SET allowed_paths = ${fileList(pathsOf(tables))}`)
  await connection.run('SET allowed_directories = []')
  await connection.run('SET enable_external_access = false')
  await connection.run('SET lock_configuration = true')
}

/** Of all files that are looked into. */
export function pathsOf(tables: readonly ArchiveTable[]): string[] {
  return tables.flatMap(({ contents }) =>
    contents.kind === 'files' ? contents.parts.flatMap(({ paths }) => paths) : [],
  )
}
