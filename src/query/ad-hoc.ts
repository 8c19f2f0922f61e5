import { InvalidInputError } from '../errors.ts'
import type { BoundParameter } from '../ports/query-engine.ts'
import type { GivenValue } from './template/values.ts'

/**
 * Parameters of a statement that declares no types: each has that of its JSON value, text from a command line is text.
 * Throws InvalidInputError `sql-parameters`.
 */
export function bindByValue(given: Readonly<Record<string, GivenValue>>): BoundParameter[] {
  return Object.entries(given).map(([name, value]): BoundParameter => {
    if (!/^[a-z_]\w*$/i.test(name)) throw invalid(name, 'is no name of letters, digits and _')
    if (typeof value === 'string') return { name, type: 'string', value }
    if (typeof value === 'boolean') return { name, type: 'boolean', value }
    if (Number.isSafeInteger(value)) return { name, type: 'integer', value: BigInt(value) }
    if (Number.isFinite(value) && !Number.isInteger(value)) return { name, type: 'double', value }
    throw invalid(name, 'is a number that cannot be held exactly')
  })
}

function invalid(name: string, problem: string): InvalidInputError {
  return new InvalidInputError('sql-parameters', `Parameter ${JSON.stringify(name)} ${problem}.`, {
    remedy: 'Write parameters as $name in the statement; give large numbers as text and CAST them.',
  })
}
