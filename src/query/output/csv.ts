import type { QueryValue } from '../../ports/query-engine.ts'
import { base64, utf8Text } from './bytes.ts'
import { jsonValue } from './json.ts'

/**
 * A line of CSV with its CRLF (RFC 4180). NULL is an empty field, the empty text a quoted one. Bytes are text when they
 * are UTF-8, else base64; lists and structs are JSON.
 */
export function csvLine(values: readonly QueryValue[]): string {
  return `${values.map(csvField).join(',')}\r\n`
}

function csvField(value: QueryValue): string {
  if (value === null) return ''
  const text = csvText(value)
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function csvText(value: Exclude<QueryValue, null>): string {
  if (value instanceof Uint8Array) return utf8Text(value) ?? base64(value)
  return typeof value === 'object' ? JSON.stringify(jsonValue(value)) : String(value)
}
