import type { PartitionBounds, SqlDialect } from '../ports/query-engine.ts'
import { ROW_COLUMNS } from './row-columns.ts'
import { quoteIdentifier, quoteLiteral } from './sql-quote.ts'
import { tableName } from './table-name.ts'

/** Trino's, and Athena's where it speaks as Trino does. */
export const trinoDialect: SqlDialect = {
  syntax: 'trino',
  placeholder: (name) => `$${name}`,
  identifier: (topic) => quoteIdentifier(tableName(topic)),
  table: (topic, bounds) =>
    `(SELECT ${rowColumns.join(', ')} FROM ${quoteIdentifier(tableName(topic))}${whereOf(bounds)})`,
}

/** A Hive table's timestamps have no zone; in a session of UTC the cast gives them the one they mean, and prunes as well. */
const rowColumns = ROW_COLUMNS.map(({ name }) =>
  name === 'record_timestamp' ? 'CAST(record_timestamp AS timestamp(6) with time zone) AS record_timestamp' : name,
)

/** The first column by itself, as that much a metastore can answer; then all of them, one after the other. */
function whereOf(bounds: PartitionBounds | null): string {
  if (bounds === null) return ''
  const columns = bounds.columns.map(quoteIdentifier)
  const first = between(columns[0]!, bounds.first)
  if (columns.length === 1) return ` WHERE ${first}`
  return ` WHERE ${first} AND ${between(columns.join(` || '/' || `), bounds.joined)}`
}

function between(expression: string, { from, to }: { from: string; to: string }): string {
  return `${expression} BETWEEN ${quoteLiteral(from)} AND ${quoteLiteral(to)}`
}
