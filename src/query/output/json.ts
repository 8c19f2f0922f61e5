import type { QueryColumn, QueryValue } from '../../ports/query-engine.ts'
import { base64, utf8Text } from './bytes.ts'

export type JsonValue = null | boolean | number | string | JsonValue[] | { [name: string]: JsonValue }

/**
 * A value as JSON can carry it without loss: integers beyond 2^53 and non-finite numbers as text, bytes as text when they
 * are UTF-8, else as `{"base64": "…"}`.
 */
export function jsonValue(value: QueryValue): JsonValue {
  if (typeof value === 'bigint') return isSafe(value) ? Number(value) : String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return utf8Text(value) ?? { base64: base64(value) }
  if (isList(value)) return value.map(jsonValue)
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, jsonValue(field)]))
}

/** A row as an object by `uniqueNames` of its columns. */
export function jsonRow(names: readonly string[], row: readonly QueryValue[]): { [name: string]: JsonValue } {
  return Object.fromEntries(row.map((value, index) => [names[index]!, jsonValue(value)]))
}

/** Column names as keys: a name that is taken gets `_1`, `_2`, … */
export function uniqueNames(columns: readonly QueryColumn[]): string[] {
  const taken = new Set<string>()
  return columns.map(({ name }) => {
    let unique = name
    for (let copy = 1; taken.has(unique); copy++) unique = `${name}_${copy}`
    taken.add(unique)
    return unique
  })
}

function isSafe(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
}

function isList(value: object): value is readonly QueryValue[] {
  return Array.isArray(value)
}
