import { InvalidInputError } from '../../errors.ts'
import { parseIsoTimestamp } from '../../format/iso-timestamp.ts'
import type { QueryValue } from '../../ports/query-engine.ts'
import type { DecimalType } from './column-type.ts'
import { jsonValue } from './json.ts'

export type Present = Exclude<QueryValue, null>

/** Where a value is to be written: for the error when it cannot be. */
export interface Place {
  format: 'Parquet' | 'Arrow'
  column: string
}

const DAY_MICROS = 86_400_000_000n

/** A time in microseconds since the epoch. Throws InvalidInputError `value-not-parquet`, `value-not-arrow`, as all here. */
export function microsOf(value: Present, place: Place): bigint {
  return parseIsoTimestamp(String(value)) ?? refuse(value, place)
}

/** A date in days since the epoch. */
export function daysOf(value: Present, place: Place): number {
  return Number(microsOf(value, place) / DAY_MICROS)
}

/** A time of day in microseconds since midnight; `24:00:00` has no form. */
export function microsOfDay(value: Present, place: Place): bigint {
  return parseIsoTimestamp(`1970-01-01T${value}Z`) ?? refuse(value, place)
}

/** A number without its point: `-1.50` of scale 2 is -150. */
export function unscaled(value: Present, { precision, scale }: DecimalType, place: Place): bigint {
  const [whole, fraction = ''] = String(value).split('.')
  const digits = `${whole}${fraction.padEnd(scale, '0')}`
  if (!/^-?\d+$/.test(digits) || fraction.length > scale) return refuse(value, place)
  const number = BigInt(digits)
  const limit = 10n ** BigInt(precision)
  return number < limit && number > -limit ? number : refuse(value, place)
}

/** Lists, structs and maps as JSON. */
export function textOf(value: Present): string {
  return typeof value === 'object' ? JSON.stringify(jsonValue(value)) : String(value)
}

function refuse(value: Present, { format, column }: Place): never {
  throw new InvalidInputError(
    `value-not-${format.toLowerCase()}`,
    `${format} has no form for ${String(value)} in column ${column}.`,
    {
      remedy: 'CAST the column AS VARCHAR in the statement, or take another format.',
      details: { column },
    },
  )
}
