/** A column of values at the edges of their type, as DuckDB is asked for them, and as it can write them itself without loss. */
export interface TypeSample {
  name: string
  asked: string
  /** Where that takes another type. */
  exact?: string
  /** As pyarrow calls it. */
  arrow: string
  /** SQL. */
  values: string[]
}

const integer = (asked: string, arrow: string, lowest: string, highest: string): TypeSample => ({
  name: `a_${asked.toLowerCase()}`,
  asked,
  arrow,
  values: [lowest, '0', highest],
})

const nines = '9'.repeat(38)

export const EVERY_TYPE: readonly TypeSample[] = [
  { name: 'a_boolean', asked: 'BOOLEAN', arrow: 'bool', values: ['true', 'false', 'true'] },
  integer('TINYINT', 'int8', '-128', '127'),
  integer('UTINYINT', 'uint8', '0', '255'),
  integer('SMALLINT', 'int16', '-32768', '32767'),
  integer('USMALLINT', 'uint16', '0', '65535'),
  integer('INTEGER', 'int32', '-2147483648', '2147483647'),
  integer('UINTEGER', 'uint32', '0', '4294967295'),
  integer('BIGINT', 'int64', "'-9223372036854775808'", '9223372036854775807'),
  integer('UBIGINT', 'uint64', '0', '18446744073709551615'),
  { ...integer('HUGEINT', 'decimal128(38, 0)', `'-${nines}'`, `'${nines}'`), exact: 'DECIMAL(38,0)' },
  { name: 'a_float', asked: 'FLOAT', arrow: 'float', values: ['1.1', "'-inf'", '1.4e-45'] },
  { name: 'a_double', asked: 'DOUBLE', arrow: 'double', values: ['1.1', "'inf'", '5e-324'] },
  { name: 'a_price', asked: 'DECIMAL(9,2)', arrow: 'decimal128(9, 2)', values: ['-0.01', '0.5', '9999999.99'] },
  {
    name: 'long',
    asked: 'DECIMAL(38,10)',
    arrow: 'decimal128(38, 10)',
    values: ['1', `-${'9'.repeat(28)}.${'9'.repeat(10)}`, '-1e-10'],
  },
  { name: 'a_date', asked: 'DATE', arrow: 'date32[day]', values: ["'0001-01-01'", "'1969-12-31'", "'9999-12-31'"] },
  { name: 'a_time', asked: 'TIME', arrow: 'time64[us]', values: ["'00:00:00'", "'09:30:00.5'", "'23:59:59.999999'"] },
  {
    name: 'local',
    asked: 'TIMESTAMP',
    arrow: 'timestamp[us]',
    values: ["'0001-01-01 00:00:00'", "'1969-12-31 23:59:59.999999'", "'9999-12-31 23:59:59.999999'"],
  },
  {
    name: 'seconds',
    asked: 'TIMESTAMP_S',
    exact: 'TIMESTAMP',
    arrow: 'timestamp[us]',
    values: ["'1969-12-31 23:59:59'", "'2025-01-14 09:00:00'", "'2025-01-14'"],
  },
  {
    name: 'millis',
    asked: 'TIMESTAMP_MS',
    exact: 'TIMESTAMP',
    arrow: 'timestamp[us]',
    values: ["'1969-12-31 23:59:59.999'", "'2025-01-14 09:00:00.1'", "'2025-01-14'"],
  },
  {
    name: 'instant',
    asked: 'TIMESTAMP WITH TIME ZONE',
    arrow: 'timestamp[us, tz=UTC]',
    values: ["'0001-01-01 00:00:00Z'", "'1969-12-31 23:59:59.999999Z'", "'2025-01-14 09:00:00+02:00'"],
  },
  { name: 'bytes', asked: 'BLOB', arrow: 'binary', values: ["''", "'\\xFF\\x00'", "'abc'"] },
  { name: 'words', asked: 'VARCHAR', arrow: 'string', values: ["''", "'ä€😀'", "'two\nlines'"] },
  {
    name: 'id',
    asked: 'UUID',
    exact: 'VARCHAR',
    arrow: 'string',
    values: Array(3).fill("'00000000-0000-0000-0000-00000000000a'"),
  },
  { name: 'list', asked: 'INTEGER[]', exact: 'JSON::VARCHAR', arrow: 'string', values: ['[]', '[1, NULL]', '[3]'] },
  {
    name: 'struct',
    asked: 'STRUCT(a INTEGER, b VARCHAR)',
    exact: 'JSON::VARCHAR',
    arrow: 'string',
    values: ["{'a': 1, 'b': 'x'}", "{'a': NULL, 'b': ''}", "{'a': -1, 'b': '\"'}"],
  },
]
