import { ROW_COLUMNS } from '../../format/row-columns.ts'
import { quoteIdentifier, quoteLiteral } from '../../format/sql-quote.ts'
import type { ArchiveTable, TableOfFiles, TablePart, TimeWindow } from '../../ports/query-engine.ts'

/** The view of a topic: exactly the snapshot's files, whatever else lies in the folder. */
export function createView(table: ArchiveTable, { parts: all, window }: TableOfFiles): string {
  const parts = all.filter((part) => part.paths.length > 0)
  const where = window === null ? '' : whereWindow(window)
  const selects = parts.length > 0 ? parts.map((part) => selectPart(table, part) + where) : [selectNothing(table)]
  return `CREATE VIEW ${quoteIdentifier(table.name)} AS ${selects.join(' UNION ALL ')}`
}

/** Files of all tables as a DuckDB list. */
export function fileList(paths: Iterable<string>): string {
  return `[${[...paths].map(quoteLiteral).join(',')}]`
}

/**
 * Columns are named instead of `*`, so that no `a=b` folder above them becomes a column; schemas are not united by
 * name, as that opens every file before the first row (7 times slower over 10,000 files) and all rows have one shape.
 */
function selectPart(table: ArchiveTable, part: TablePart): string {
  const held = new Set(part.partitionColumns)
  const columns = [
    ...ROW_COLUMNS.map(({ name }) => quoteIdentifier(name)),
    ...table.partitionColumns.map((name) =>
      held.has(name) ? quoteIdentifier(name) : `NULL::VARCHAR AS ${quoteIdentifier(name)}`,
    ),
  ]
  const hive = held.size > 0 ? ', hive_partitioning = true, hive_types_autocast = false' : ', hive_partitioning = false'
  return `SELECT ${columns.join(', ')} FROM read_parquet(${fileList(part.paths)}${hive})`
}

function selectNothing(table: ArchiveTable): string {
  const columns = [
    ...ROW_COLUMNS.map(({ name, type }) => `NULL::${type} AS ${quoteIdentifier(name)}`),
    ...table.partitionColumns.map((name) => `NULL::VARCHAR AS ${quoteIdentifier(name)}`),
  ]
  return `SELECT ${columns.join(', ')} WHERE false`
}

function whereWindow({ fromMicros, untilMicros }: TimeWindow): string {
  const conditions: string[] = []
  if (fromMicros !== null) conditions.push(`record_timestamp >= make_timestamptz(${fromMicros}::BIGINT)`)
  if (untilMicros !== null) conditions.push(`record_timestamp < make_timestamptz(${untilMicros}::BIGINT)`)
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
}
