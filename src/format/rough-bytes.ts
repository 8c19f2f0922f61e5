import type { QueryValue } from '../ports/query-engine.ts'

/** Rough size of a value in memory, to keep messages and results within bounds. */
export function roughBytes(value: QueryValue): number {
  if (typeof value === 'string') return 16 + value.length
  if (typeof value !== 'object' || value === null) return 8
  if (value instanceof Uint8Array) return 16 + value.byteLength
  let bytes = 16
  for (const [key, item] of Object.entries(value)) bytes += key.length + roughBytes(item)
  return bytes
}

export function roughRowBytes(row: readonly QueryValue[]): number {
  let bytes = 0
  for (const value of row) bytes += roughBytes(value)
  return bytes
}
