import { quoteIdentifier, quoteLiteral } from '../../format/sql-quote.ts'
import { DDL_COLUMNS, indented } from './columns.ts'
import { projectionOf } from './projection.ts'
import type { PartitionColumn, TableShape } from './table-shape.ts'

/** For the Hive connector; the session's catalog is where the table will be. */
export function trinoDdl(shape: TableShape): string[] {
  const { schema, table, partitions, location, discovery } = shape
  const isProjected = discovery === 'projection'
  const columns = [
    ...DDL_COLUMNS.map((column) => `${quoteIdentifier(column.name)} ${column.trino}`),
    ...partitions.map(
      (column) => `${quoteIdentifier(column.name)} varchar${isProjected ? ` WITH (${projected(column)})` : ''}`,
    ),
  ]
  const properties = [
    `format = 'PARQUET'`,
    `external_location = ${quoteLiteral(`${location}/`)}`,
    `partitioned_by = ${list(partitions.map(({ name }) => name))}`,
    ...(isProjected ? ['partition_projection_enabled = true'] : []),
  ]
  const create = `CREATE TABLE IF NOT EXISTS ${quoteIdentifier(schema)}.${quoteIdentifier(table)} (
${indented(columns)}
)
WITH (
${indented(properties)}
)`
  const register = `CALL system.sync_partition_metadata(${quoteLiteral(schema)}, ${quoteLiteral(table)}, 'ADD')`
  return [create, ...(isProjected ? [] : [register]), trinoView(shape, quoteIdentifier(schema))]
}

/** The view with keys, values and headers as text; Athena takes the same words. */
export function trinoView({ table, partitions, fields }: TableShape, schema: string): string {
  const columns = [
    'record_partition',
    'record_offset',
    'record_timestamp',
    'from_utf8(record_key) AS "key"',
    'from_utf8(record_value) AS "value"',
    'transform(record_headers, h -> CAST(ROW(h.key, from_utf8(h.value)) AS row(key varchar, value varchar))) AS headers',
    ...fields.map(
      ({ name, path }) =>
        `json_extract_scalar(from_utf8(record_value), ${quoteLiteral(`$.${path}`)}) AS ${quoteIdentifier(name)}`,
    ),
    ...partitions.map(({ name }) => quoteIdentifier(name)),
  ]
  return `CREATE OR REPLACE VIEW ${schema}.${quoteIdentifier(`${table}_decoded`)} AS
SELECT
${indented(columns)}
FROM ${schema}.${quoteIdentifier(table)}`
}

function projected(column: PartitionColumn): string {
  const projection = projectionOf(column)
  const range = `partition_projection_range = ${list([projection.from, projection.to])}`
  if (projection.type === 'integer')
    return `partition_projection_type = 'INTEGER', ${range}, partition_projection_digits = ${projection.digits}`
  return `partition_projection_type = 'DATE', ${range}, partition_projection_format = ${quoteLiteral(projection.format)}`
}

function list(texts: readonly string[]): string {
  return `ARRAY[${texts.map(quoteLiteral).join(', ')}]`
}
