import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBUnionValue,
  type DuckDBValue,
  DuckDBVariantValue,
} from '@duckdb/node-api'
import type { QueryValue } from '../../ports/query-engine.ts'

/** DuckDB's value in the port's terms. Exact: nothing passes through a float that was none. */
export function toQueryValue(value: DuckDBValue): QueryValue {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof DuckDBBlobValue) return new Uint8Array(value.bytes)
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(toQueryValue)
  if (value instanceof DuckDBStructValue) return fields(value.entries)
  if (value instanceof DuckDBMapValue) {
    return value.entries.map((entry) => ({ key: toQueryValue(entry.key), value: toQueryValue(entry.value) }))
  }
  if (value instanceof DuckDBUnionValue || value instanceof DuckDBVariantValue) return toQueryValue(value.value)
  if (value instanceof DuckDBTimestampTZValue) return isoTime(value.toString()).replace(/\+00$/, 'Z')
  if (isLocalTimestamp(value)) return isoTime(value.toString())
  return value.toString()
}

function fields(entries: Readonly<Record<string, DuckDBValue>>): Record<string, QueryValue> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, toQueryValue(value)]))
}

function isLocalTimestamp(value: object): boolean {
  return (
    value instanceof DuckDBTimestampValue ||
    value instanceof DuckDBTimestampSecondsValue ||
    value instanceof DuckDBTimestampMillisecondsValue ||
    value instanceof DuckDBTimestampNanosecondsValue
  )
}

/** `infinity` and years BC have no such form and stay as DuckDB writes them. */
function isoTime(text: string): string {
  return text.includes('(BC)') ? text : text.replace(' ', 'T')
}
