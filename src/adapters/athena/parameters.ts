import { InvalidInputError } from '../../errors.ts'
import { trinoLiteral } from '../../format/trino-literal.ts'
import type { BoundParameter } from '../../ports/query-engine.ts'

/** Longest text of one value that Athena takes. */
const MAX_CHARACTERS = 1024

/**
 * Values as Athena's ExecutionParameters, one for each name in their order: each is the text of an SQL literal, which
 * Athena binds to the `?` at its place and never reads as part of the statement. Throws InvalidInputError `sql-invalid`
 * where a value is missing or too long.
 */
export function executionParameters(names: readonly string[], given: readonly BoundParameter[]): string[] {
  return names.map((name) => {
    const parameter = given.find((candidate) => candidate.name === name)
    if (parameter === undefined) {
      throw new InvalidInputError(
        'sql-invalid',
        `The statement has a parameter $${name} for which there is no value.`,
        {
          remedy: `Give a value for ${name}.`,
        },
      )
    }
    const literal = trinoLiteral(parameter)
    if (literal.length <= MAX_CHARACTERS) return literal
    throw new InvalidInputError(
      'sql-invalid',
      `Parameter ${name} is too long for Athena: ${literal.length} of ${MAX_CHARACTERS} characters.`,
      { remedy: 'Give a shorter value, or run the query on another engine.' },
    )
  })
}
