import { type TObject, type TSchema, Type } from 'typebox'
import type { PropertyNotes } from './schema-parts.ts'

/** What this code reads of a property's schema. */
export interface PropertyFacts extends PropertyNotes {
  description?: string
  default?: unknown
  items?: TSchema
  enum?: readonly string[]
  type?: string
  minimum?: number
  maximum?: number
}

/** TypeBox types know only the keywords of their own kind; ours and the others' are read through this. */
export function factsOf(schema: TSchema): PropertyFacts {
  return schema as PropertyFacts
}

export function isSection(schema: TSchema): schema is TObject {
  return Type.IsObject(schema)
}

export interface NamedProperty {
  /** `kafka.tls.caFile`. */
  path: string
  schema: TSchema
}

/** All properties that are no sections, in the schema's order. */
export function leavesOf(schema: TObject, path = ''): NamedProperty[] {
  return Object.entries(schema.properties).flatMap(([name, property]) => {
    const at = path === '' ? name : `${path}.${name}`
    return isSection(property) ? leavesOf(property, at) : [{ path: at, schema: property }]
  })
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
