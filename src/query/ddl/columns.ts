/** The columns of a row, as each engine declares them. */
export const DDL_COLUMNS = [
  { name: 'record_partition', hive: 'int', trino: 'integer' },
  { name: 'record_offset', hive: 'bigint', trino: 'bigint' },
  // Trino's default precision of Hive tables; the broker's times are whole milliseconds
  { name: 'record_timestamp', hive: 'timestamp', trino: 'timestamp(3)' },
  { name: 'record_key', hive: 'binary', trino: 'varbinary' },
  { name: 'record_value', hive: 'binary', trino: 'varbinary' },
  {
    name: 'record_headers',
    hive: 'array<struct<key:string,value:binary>>',
    trino: 'array(row(key varchar, value varbinary))',
  },
] as const

/** Lines between brackets, separated by commas. */
export function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join(',\n')
}
