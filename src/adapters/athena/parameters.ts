import { InvalidInputError } from '../../errors.ts'
import { quoteLiteral } from '../../format/sql-quote.ts'
import type { BoundParameter } from '../../ports/query-engine.ts'

/** Longest text of one value that Athena takes. */
const MAX_CHARACTERS = 1024

/**
 * Values as Athena's ExecutionParameters: each is the text of an SQL literal, which Athena binds to the `?` at its place
 * and never reads as part of the statement. Throws InvalidInputError `sql-parameters`.
 */
export function executionParameters(parameters: readonly BoundParameter[], places: number): string[] {
  if (parameters.length !== places) {
    throw new InvalidInputError(
      'sql-parameters',
      `The statement has ${places} places for values (?), but there are ${parameters.length} values.`,
      { remedy: 'Give one value for each place, in their order.' },
    )
  }
  return parameters.map((parameter) => {
    const literal = literalOf(parameter)
    if (literal.length <= MAX_CHARACTERS) return literal
    throw new InvalidInputError(
      'sql-parameters',
      `Parameter ${parameter.name} is too long for Athena: ${literal.length} of ${MAX_CHARACTERS} characters.`,
      { remedy: 'Give a shorter value, or run the query on another engine.' },
    )
  })
}

function literalOf(parameter: BoundParameter): string {
  switch (parameter.type) {
    case 'string':
      return quoteLiteral(parameter.value)
    case 'integer':
      return String(parameter.value)
    case 'double':
      return doubleLiteral(parameter.value)
    case 'boolean':
      return String(parameter.value)
    case 'timestamp':
      return timestampLiteral(parameter.value)
  }
}

/** With an exponent, as a number without one is a decimal. */
function doubleLiteral(value: number): string {
  if (Number.isNaN(value)) return 'nan()'
  if (!Number.isFinite(value)) return value > 0 ? 'infinity()' : '-infinity()'
  return value.toExponential().replace('e+', 'E').replace('e', 'E')
}

function timestampLiteral(micros: bigint): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const date = new Date(Number((micros - fraction) / 1000n))
  const text = date
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, '')
  return `TIMESTAMP '${text}.${String(fraction).padStart(6, '0')} UTC'`
}
