import type { TSchema } from 'typebox'
import { factsOf } from './property.ts'

/** Something wrong in the configuration. Never holds the value, which may be a secret. */
export interface Problem {
  /** `http.apiKeys[0].sha256 (COLDSTREAM_HTTP_API_KEYS)`. */
  where: string
  message: string
}

/** What a property's value has to be, in words. */
export function expectation(schema: TSchema): string {
  const { expected, enum: values, type, minimum, maximum, items } = factsOf(schema)
  if (expected !== undefined) return expected
  if (values !== undefined) return `one of ${values.join(', ')}`
  if (type === 'integer') return `a whole number${range(minimum, maximum)}`
  if (type === 'number') return `a number${range(minimum, maximum)}`
  if (type === 'boolean') return 'true or false'
  if (type === 'object') return 'a section with properties'
  if (type === 'array') return `a list${items === undefined ? '' : `, each ${expectation(items)}`}`
  return 'a text that is not empty'
}

function range(minimum: number | undefined, maximum: number | undefined): string {
  if (minimum === undefined) return ''
  return maximum === undefined || maximum === Number.MAX_SAFE_INTEGER
    ? ` of at least ${minimum}`
    : ` from ${minimum} to ${maximum}`
}

/** The known name that was probably meant, or null when none is near. */
export function didYouMean(name: string, known: readonly string[]): string | null {
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)[0]
  return near !== undefined && near.distance <= Math.max(2, Math.floor(near.candidate.length / 3))
    ? near.candidate
    : null
}

/** Levenshtein's: insertions, deletions and replacements that lead from one to the other. */
function editDistance(a: string, b: string): number {
  // What differs so much in length is no slip of the fingers; and names from a file may be of any length.
  if (Math.abs(a.length - b.length) > 8) return Number.POSITIVE_INFINITY
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
