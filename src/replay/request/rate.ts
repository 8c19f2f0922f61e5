import { type Members, quote, Shape } from './shape.ts'

/** How fast a replay goes; at most, because nothing makes a broker faster. */
export type Rate =
  | { recordsPerSecond: number }
  /** Of the records as they are written, uncompressed. */
  | { bytesPerSecond: number }
  /** A multiple of the speed at which the records' timestamps went by: 1 as then, 60 an hour in a minute. */
  | { speed: number }

const names = ['recordsPerSecond', 'bytesPerSecond', 'speed'] as const

/** Reads `{recordsPerSecond}`, `{bytesPerSecond}` or `{speed}`; null when it is left out or null (as fast as can be) or wrong. */
export function readRate(value: unknown, place: string, shape: Shape): Rate | null {
  if (value === null) return null
  const members: Members | null = shape.object(value, place, names)
  if (members === null) return null
  const given = names.filter((name) => members[name] !== undefined)
  const [name] = given
  if (name === undefined || given.length > 1) {
    shape.problems.push(`${place}: must hold one of ${names.join(', ')}`)
    return null
  }
  const number = members[name]
  if (typeof number !== 'number' || !(number >= 0.001 && number <= 1e12)) {
    shape.problems.push(`${place}.${name}: must be a number from 0.001 to 1e12, not ${quote(number)}`)
    return null
  }
  if (name === 'recordsPerSecond') return { recordsPerSecond: number }
  return name === 'bytesPerSecond' ? { bytesPerSecond: number } : { speed: number }
}

/** A rate on its own. Throws InvalidInputError `rate-invalid`. */
export function parseRate(json: unknown): Rate | null {
  const shape = new Shape()
  const rate = readRate(json, 'rate', shape)
  shape.finish('rate-invalid', 'The rate cannot be read', 'Give one of them, or null for as fast as it goes.')
  return rate
}
