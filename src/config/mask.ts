import type { TSchema } from 'typebox'
import { factsOf, isRecord, isSection } from './property.ts'
import { configSchema, type Settings } from './schema.ts'

/** The settings as they may be printed: what the schema marks as secret is replaced by `***`. */
export function masked(settings: Settings): Readonly<Record<string, unknown>> {
  const copy = mask(configSchema, settings)
  if (!isRecord(copy)) throw new TypeError('settings are not a section')
  return copy
}

function mask(schema: TSchema, value: unknown): unknown {
  if (value === undefined) return undefined
  const { secret, items } = factsOf(schema)
  if (secret) return '***'
  if (Array.isArray(value) && items !== undefined) return value.map((item) => mask(items, item))
  if (!isRecord(value) || !isSection(schema)) return value
  const { properties } = schema
  // Only what the schema knows is printed.
  return Object.fromEntries(Object.keys(properties).map((name) => [name, mask(properties[name]!, value[name])]))
}
