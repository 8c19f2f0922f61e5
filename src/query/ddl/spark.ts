import { quoteLiteral } from '../../format/sql-quote.ts'
import { DDL_COLUMNS, indented } from './columns.ts'
import type { TableShape } from './table-shape.ts'

/** Spark finds partitions when it is told to look; there is no projection. */
export function sparkDdl({ schema, table, partitions, location, fields }: TableShape): string[] {
  const name = `\`${schema}\`.\`${table}\``
  const columns = [
    ...DDL_COLUMNS.map((column) => `\`${column.name}\` ${column.hive}`),
    ...partitions.map((column) => `\`${column.name}\` string`),
  ]
  const partitionNames = partitions.map((column) => `\`${column.name}\``)
  const decoded = [
    'record_partition',
    'record_offset',
    'record_timestamp',
    'CAST(record_key AS STRING) AS `key`',
    'CAST(record_value AS STRING) AS `value`',
    "transform(record_headers, h -> named_struct('key', h.key, 'value', CAST(h.value AS STRING))) AS headers",
    ...fields.map(
      (field) => `get_json_object(CAST(record_value AS STRING), ${literal(`$.${field.path}`)}) AS \`${field.name}\``,
    ),
    ...partitionNames,
  ]
  return [
    `CREATE TABLE IF NOT EXISTS ${name} (
${indented(columns)}
)
USING PARQUET
PARTITIONED BY (${partitionNames.join(', ')})
LOCATION ${literal(`${location.replace(/^s3:/, 's3a:')}/`)}`,
    `MSCK REPAIR TABLE ${name}`,
    `CREATE OR REPLACE VIEW \`${schema}\`.\`${table}_decoded\` AS
SELECT
${indented(decoded)}
FROM ${name}`,
  ]
}

/** Spark reads a backslash in a string as the beginning of an escape. */
function literal(text: string): string {
  return quoteLiteral(text.replaceAll('\\', '\\\\'))
}
