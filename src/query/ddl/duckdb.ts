import { fileURLToPath } from 'node:url'
import { quoteIdentifier, quoteLiteral } from '../../format/sql-quote.ts'
import { DDL_COLUMNS, indented } from './columns.ts'
import type { TableShape } from './table-shape.ts'

/** Views over the directory: partitions are found by listing it, at each query. */
export function duckdbDdl({ schema, table, partitions, location, fields }: TableShape): string[] {
  const folder = location.startsWith('file:') ? fileURLToPath(location) : location
  const files = `${globText(folder)}${'/*'.repeat(partitions.length)}/*.parquet`
  const partitionNames = partitions.map(({ name }) => quoteIdentifier(name))
  const name = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`
  const decoded = [
    'record_partition',
    'record_offset',
    'record_timestamp',
    `decode(record_key, 'replace') AS "key"`,
    `decode(record_value, 'replace') AS "value"`,
    `list_transform(record_headers, lambda h: {'key': h.key, 'value': decode(h.value, 'replace')}) AS headers`,
    ...fields.map(
      (field) =>
        `try(json_extract_string(decode(record_value, 'replace'), ${quoteLiteral(`$.${field.path}`)})) AS ${quoteIdentifier(field.name)}`,
    ),
    ...partitionNames,
  ]
  return [
    `CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)}`,
    `CREATE OR REPLACE VIEW ${name} AS
SELECT
${indented([...DDL_COLUMNS.map((column) => column.name), ...partitionNames])}
FROM read_parquet(${quoteLiteral(files)}, hive_partitioning = true, hive_types_autocast = false)`,
    `CREATE OR REPLACE VIEW ${quoteIdentifier(schema)}.${quoteIdentifier(`${table}_decoded`)} AS
SELECT
${indented(decoded)}
FROM ${name}`,
  ]
}

/** Folder names may hold what a glob takes for a pattern. */
function globText(folder: string): string {
  return folder.replaceAll(/[[\]*?]/g, (character) => `[${character}]`)
}
