import type { FragmentName } from './fragments.ts'

/** A parameterised statement: one file of a templates folder. */
export interface Template extends TemplateInfo {
  /** The statement between its placeholders. */
  tokens: readonly SqlToken[]
  /** Where it was read from, for messages. */
  file: string
}

/** What a caller needs to know of a template. */
export interface TemplateInfo {
  /** The file's name without `.sql`. */
  name: string
  title: string
  description: string
  parameters: readonly TemplateParameter[]
  /** What comes back, in order; empty where the header does not say. */
  columns: readonly TemplateColumn[]
  /** Names of the two timestamp parameters that bound the records' time; files outside are not read. */
  window: { from: string; until: string } | null
}

export interface TemplateColumn {
  name: string
  type: ColumnType
  description: string
}

/** `integer` has 32 bits, `bigint` 64. */
export type ColumnType = (typeof COLUMN_TYPES)[number]
export const COLUMN_TYPES = ['string', 'integer', 'bigint', 'double', 'boolean', 'timestamp', 'bytes'] as const

export interface TemplateParameter {
  name: string
  type: ParameterType
  description: string
  /** As text, in the type's own form; null: the parameter is required. */
  default: string | null
  /** Bounds of an integer or double, inclusive. */
  min: number | null
  max: number | null
  /** The only values allowed, as text. */
  oneOf: readonly string[] | null
}

/** `topic`: an archived topic, used as `{name}`; `field`: a path into a JSON value (`customer.id`, `items[0].sku`). */
export type ParameterType = (typeof PARAMETER_TYPES)[number]
export const PARAMETER_TYPES = ['string', 'integer', 'double', 'boolean', 'timestamp', 'topic', 'field'] as const

export type SqlToken =
  /** SQL as it stands, strings and comments included. */
  | { kind: 'text'; text: string }
  /** `:name`: a place for a bound value. */
  | { kind: 'value'; name: string; line: number }
  /** `{name}`: a place for an identifier. */
  | { kind: 'identifier'; name: string; line: number }
  /** `{fragment :name …}`: SQL that each engine writes in its own way, with places for bound values. */
  | { kind: 'fragment'; fragment: FragmentName; names: readonly string[]; line: number }

/** What is wrong with a template, at a line of its file (from 1). */
export interface TemplateProblem {
  line: number
  message: string
}
