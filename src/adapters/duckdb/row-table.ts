import {
  BLOB,
  blobValue,
  type DuckDBAppender,
  type DuckDBConnection,
  DuckDBTimestampTZValue,
  LIST,
  listValue,
  STRUCT,
  structValue,
  VARCHAR,
} from '@duckdb/node-api'
import { ROW_COLUMNS } from '../../format/row-columns.ts'
import { quoteIdentifier } from '../../format/sql-quote.ts'
import type { ArchiveTable, TableOfRows, TableRow } from '../../ports/query-engine.ts'

const HEADERS = LIST(STRUCT({ key: VARCHAR, value: BLOB }))

/** A topic as a table of its rows that are here already. */
export async function createTable(
  connection: DuckDBConnection,
  { name, partitionColumns }: ArchiveTable,
  { rows }: TableOfRows,
): Promise<void> {
  const columns = [
    ...ROW_COLUMNS.map((column) => `${quoteIdentifier(column.name)} ${column.type}`),
    ...partitionColumns.map((column) => `${quoteIdentifier(column)} VARCHAR`),
  ]
  await connection.run(`CREATE TABLE ${quoteIdentifier(name)} (${columns.join(', ')})`)
  const appender = await connection.createAppender(name)
  for (const row of rows) append(appender, row)
  appender.closeSync()
}

/** In the order of ROW_COLUMNS, then the partition columns. */
function append(appender: DuckDBAppender, row: TableRow): void {
  appender.appendInteger(row.partition)
  appender.appendBigInt(row.offset)
  appender.appendTimestampTZ(new DuckDBTimestampTZValue(row.timestampMicros))
  appendBytes(appender, row.key)
  appendBytes(appender, row.value)
  const headers = row.headers.map(({ key, value }) =>
    structValue({ key, value: value === null ? null : blobValue(value) }),
  )
  appender.appendList(listValue(headers), HEADERS)
  for (const value of row.partitionValues) {
    if (value === null) appender.appendNull()
    else appender.appendVarchar(value)
  }
  appender.endRow()
}

function appendBytes(appender: DuckDBAppender, bytes: Uint8Array | null): void {
  if (bytes === null) appender.appendNull()
  else appender.appendBlob(bytes)
}
