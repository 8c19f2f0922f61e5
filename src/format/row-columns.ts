import type { QueryColumn } from '../ports/query-engine.ts'

/** The columns of an archived row and their SQL types as DuckDB writes them. */
export const ROW_COLUMNS: readonly QueryColumn[] = [
  { name: 'record_partition', type: 'INTEGER' },
  { name: 'record_offset', type: 'BIGINT' },
  { name: 'record_timestamp', type: 'TIMESTAMP WITH TIME ZONE' },
  { name: 'record_key', type: 'BLOB' },
  { name: 'record_value', type: 'BLOB' },
  { name: 'record_headers', type: 'STRUCT("key" VARCHAR, "value" BLOB)[]' },
]
