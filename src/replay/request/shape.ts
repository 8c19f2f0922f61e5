import { InvalidInputError } from '../../errors.ts'

/** The members of a JSON object. */
export type Members = Readonly<Record<string, unknown>>

/**
 * Reads JSON that anyone may have written. What is wrong is collected with its place (`source.time.from`), so that the
 * caller hears of every problem at once; what is right is returned.
 */
export class Shape {
  readonly problems: string[] = []

  /** The object's members, or null when it is none (a problem) or left out (no problem). Unknown members are problems. */
  object(value: unknown, place: string, known: readonly string[]): Members | null {
    if (value === undefined) return null
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.problems.push(`${place}: must be an object`)
      return null
    }
    for (const name of Object.keys(value)) {
      if (!known.includes(name)) {
        this.problems.push(`${place}: ${quote(name)} is not known; known are ${known.join(', ')}`)
      }
    }
    return value as Members
  }

  /** An instant in milliseconds since the epoch, from ISO 8601 with a zone, or from such a number; null when left out. */
  instantMs(value: unknown, place: string): number | null {
    if (value === undefined) return null
    const ms = typeof value === 'string' ? isoToMs(value) : value
    if (typeof ms === 'number' && Number.isSafeInteger(ms) && Math.abs(ms) <= 8.64e15) return ms
    this.problems.push(
      `${place}: must be a time as 2025-01-14T09:00:00Z (with its zone) or in milliseconds since 1970, not ${quote(value)}`,
    )
    return null
  }

  /** An integer within bounds; null when left out or wrong. */
  integer(value: unknown, place: string, min: number, max: number): number | null {
    if (value === undefined) return null
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
    this.problems.push(`${place}: must be an integer from ${min} to ${max}, not ${quote(value)}`)
    return null
  }

  /** An offset, a decimal string or a number that is one exactly; null when wrong. */
  offset(value: unknown, place: string): bigint | null {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
    if (typeof value === 'string' && /^\d{1,19}$/.test(value) && BigInt(value) <= maxOffset) return BigInt(value)
    this.problems.push(`${place}: must be an offset, a decimal string from 0 to ${maxOffset}, not ${quote(value)}`)
    return null
  }

  /** Throws InvalidInputError with all problems, when there are any. */
  finish(code: string, what: string, remedy: string): void {
    if (this.problems.length === 0) return
    throw new InvalidInputError(code, `${what}: ${this.problems.join('; ')}`, {
      remedy,
      details: { problems: this.problems },
    })
  }
}

const maxOffset = 2n ** 63n - 1n

/** A hostile value shortened, so that a message stays readable. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** A date alone is UTC midnight; a time needs its zone, because the reader's own would be guessed otherwise. */
function isoToMs(text: string): number | null {
  const match = /^(?<day>\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/.exec(text)
  const day = match?.groups?.day
  // Date.parse rolls 30 February over into March: such a day is nobody's intent.
  if (day === undefined || !Number.isFinite(Date.parse(day)) || !new Date(day).toISOString().startsWith(day))
    return null
  const ms = Date.parse(text)
  return Number.isFinite(ms) ? ms : null
}
