import { InvalidInputError } from '../../errors.ts'
import type { PartitionColumn } from './table-shape.ts'

/** How an engine counts up the values of a partition column by itself. Athena's words; Trino has the same properties. */
export type Projection =
  | { type: 'integer'; from: string; to: string; digits: number }
  | { type: 'date'; from: string; to: 'NOW'; format: string }

/** Of a calendar; a year ends, but the next one will come. */
const CALENDAR: Readonly<Record<string, { from: string; to: string }>> = {
  month: { from: '1', to: '12' },
  day: { from: '1', to: '31' },
  hour: { from: '0', to: '23' },
  minute: { from: '0', to: '59' },
}

/**
 * A narrow projection: engines try every combination of values, so years begin where the archive does and end with the
 * one after its last. Throws InvalidInputError `ddl-projection` where values cannot be counted up.
 */
export function projectionOf({ name, range }: PartitionColumn): Projection {
  if (range !== null && /^\d+$/.test(range.from) && /^\d+$/.test(range.to)) {
    const digits = range.to.length
    const calendar = CALENDAR[name.toLowerCase()]
    if (calendar !== undefined) return { type: 'integer', ...calendar, digits }
    if (name.toLowerCase() === 'year')
      return { type: 'integer', from: String(Number(range.from)), to: String(Number(range.to) + 1), digits }
  }
  if (range !== null && /^\d{4}-\d\d-\d\d$/.test(range.from))
    return { type: 'date', from: range.from, to: 'NOW', format: 'yyyy-MM-dd' }
  throw new InvalidInputError('ddl-projection', `The values of the partition column ${name} cannot be projected.`, {
    remedy: 'Leave --partitions at registered.',
  })
}
