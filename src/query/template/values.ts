import { InvalidInputError } from '../../errors.ts'
import type { BoundParameter } from '../../ports/query-engine.ts'
import { parseTimestamp, TIMESTAMP_FORMS } from '../timestamp.ts'
import type { Template, TemplateParameter } from './template.ts'

/** A value as a caller gives it: text from a command line, text, number or boolean from JSON. */
export type GivenValue = string | number | boolean

/** Values of a template's parameters, checked: what is bound, and which topics stand for identifiers. */
export interface TemplateValues {
  bound: ReadonlyMap<string, BoundParameter>
  identifiers: ReadonlyMap<string, string>
}

export interface ValueContext {
  /** For `now`. */
  nowMs: number
  /** The archived topics; null where they are not known yet: any name passes. */
  topics: readonly string[] | null
}

/** Throws InvalidInputError `template-parameters` that names all problems at once. */
export function readValues(
  template: Template,
  given: Readonly<Record<string, GivenValue>>,
  context: ValueContext,
): TemplateValues {
  const bound = new Map<string, BoundParameter>()
  const identifiers = new Map<string, string>()
  const known = new Set(template.parameters.map(({ name }) => name))
  const problems = Object.keys(given)
    .filter((name) => !known.has(name))
    .map((name) => `${name}: the template has no such parameter`)
  for (const parameter of template.parameters) {
    const { name } = parameter
    const value = Object.hasOwn(given, name) ? given[name] : parameter.default
    const read = value === null || value === undefined ? 'is required' : readValue(parameter, value, context)
    if (typeof read === 'string') problems.push(`${name}: ${read}`)
    else if (parameter.type === 'topic') identifiers.set(name, String(read.value))
    else bound.set(name, read)
  }
  if (problems.length > 0) throw invalid(template, problems)
  return { bound, identifiers }
}

/** The value in the parameter's type, or what is wrong with it. */
export function readValue(
  parameter: TemplateParameter,
  value: GivenValue,
  context: ValueContext,
): BoundParameter | string {
  const { name, oneOf } = parameter
  const text = String(value)
  if (oneOf !== null && !oneOf.includes(text)) return `is none of ${oneOf.join(', ')}`
  switch (parameter.type) {
    case 'string':
      return text.isWellFormed() ? { name, type: 'string', value: text } : 'is not well-formed Unicode'
    case 'integer':
      return readInteger(parameter, value)
    case 'double':
      return readDouble(parameter, value)
    case 'boolean':
      return /^(true|false)$/.test(text)
        ? { name, type: 'boolean', value: text === 'true' }
        : 'is neither true nor false'
    case 'timestamp': {
      const micros = parseTimestamp(text, context.nowMs)
      return micros === null ? `is no time: ${TIMESTAMP_FORMS}` : { name, type: 'timestamp', value: micros }
    }
    case 'topic':
      if (context.topics !== null && !context.topics.includes(text))
        return `is not an archived topic: ${list(context.topics)}`
      return { name, type: 'string', value: text }
    case 'field':
      return FIELD_PATH.test(text)
        ? { name, type: 'string', value: `$.${text}` }
        : 'is no field path such as customer.id or items[0].sku'
  }
}

/** Paths that DuckDB's and Trino's JSON functions read alike. */
export const FIELD_PATH = /^[A-Za-z_][\w-]*(\[\d{1,9}\])*(\.[A-Za-z_][\w-]*(\[\d{1,9}\])*)*$/

const MAX_BIGINT = 2n ** 63n - 1n

function readInteger(parameter: TemplateParameter, value: GivenValue): BoundParameter | string {
  if (!/^[+-]?\d{1,19}$/.test(String(value)) || (typeof value === 'number' && !Number.isSafeInteger(value))) {
    return 'is no whole number'
  }
  const number = BigInt(String(value).replace('+', ''))
  if (number > MAX_BIGINT || number < -MAX_BIGINT - 1n) return 'is no 64-bit number'
  return outside(parameter, number) ?? { name: parameter.name, type: 'integer', value: number }
}

function readDouble(parameter: TemplateParameter, value: GivenValue): BoundParameter | string {
  const number = String(value).trim() === '' || typeof value === 'boolean' ? Number.NaN : Number(value)
  if (!Number.isFinite(number)) return 'is no number'
  return outside(parameter, number) ?? { name: parameter.name, type: 'double', value: number }
}

function outside({ min, max }: TemplateParameter, value: bigint | number): string | null {
  if (min !== null && value < min) return `is below ${min}`
  if (max !== null && value > max) return `is above ${max}`
  return null
}

function invalid(template: Template, problems: readonly string[]): InvalidInputError {
  const usage = template.parameters.map(({ name, type, default: preset }) =>
    preset === null ? `${name} (${type}, required)` : `${name} (${type}, default ${preset})`,
  )
  return new InvalidInputError('template-parameters', `Template ${template.name}: ${problems.join('; ')}.`, {
    remedy: usage.length === 0 ? 'The template has no parameters.' : `Its parameters: ${usage.join(', ')}.`,
    details: { problems },
  })
}

function list(topics: readonly string[]): string {
  if (topics.length === 0) return 'nothing is archived yet'
  return `${topics.slice(0, 20).join(', ')}${topics.length > 20 ? ' …' : ''}`
}
