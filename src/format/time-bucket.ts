import { InvalidInputError } from '../errors.ts'
import type { Routing } from './log-entry.ts'
import { type PathFormat, parsePathFormat } from './path-format.ts'

/** A stretch of time whose records share a folder. */
export interface TimeBucket {
  /** Folders below the topic's, e.g. `year=2025/month=01/day=14/hour=09`. */
  folder: string
  /** First millisecond for which this answer holds. */
  startMs: number
  /** First millisecond after it. */
  endMs: number
}

/** Every change of a zone's offset since 1970 happened at a multiple of this. */
const zoneSlotMs = 15 * 60_000

/** Largest distance from the epoch that a Date can hold. */
const dateLimitMs = 8.64e15

/**
 * Finds the folder of a timestamp as the Kafka Connect TimeBasedPartitioner does: local time of the zone, rounded down
 * to the bucket's width, rendered by the path format.
 */
export class TimeBuckets {
  readonly #format: PathFormat
  readonly #widthMs: number
  readonly #zone: Intl.DateTimeFormat | null

  /** Throws InvalidInputError for a bad pattern or zone. */
  constructor(routing: Pick<Routing, 'pathFormat' | 'timezone' | 'partitionDurationMs'>) {
    this.#format = parsePathFormat(routing.pathFormat)
    this.#widthMs = routing.partitionDurationMs
    this.#zone = zoneFormat(routing.timezone)
  }

  /** The bucket of a record timestamp (within what a Date can hold). */
  of(timestampMs: number): TimeBucket {
    const offsetMs = this.#zone === null ? 0 : zoneOffsetMs(this.#zone, timestampMs)
    const startLocalMs = Math.floor((timestampMs + offsetMs) / this.#widthMs) * this.#widthMs
    let startMs = startLocalMs - offsetMs
    let endMs = startMs + this.#widthMs
    if (this.#zone !== null) {
      const slotMs = Math.floor(timestampMs / zoneSlotMs) * zoneSlotMs
      startMs = Math.max(startMs, slotMs)
      endMs = Math.min(endMs, slotMs + zoneSlotMs)
    }
    // local time may lie beyond the moments a Date can hold although the timestamp does not
    const renderedMs = Math.min(Math.max(startLocalMs, -dateLimitMs), dateLimitMs)
    return { folder: this.#format.render(new Date(renderedMs)), startMs, endMs }
  }
}

function zoneFormat(timezone: string): Intl.DateTimeFormat | null {
  if (timezone === 'UTC') return null
  try {
    return new Intl.DateTimeFormat('en-US-u-ca-gregory', {
      timeZone: timezone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  } catch (cause) {
    throw new InvalidInputError('timezone-invalid', `timezone "${timezone}" is not known`, {
      remedy: 'Use UTC or a name of the IANA time zone database, for example Europe/Berlin.',
      cause,
    })
  }
}

/** Offset of local time from UTC at a moment, in milliseconds, positive east of Greenwich. */
function zoneOffsetMs(zone: Intl.DateTimeFormat, timestampMs: number): number {
  const wholeSecondMs = Math.floor(timestampMs / 1000) * 1000
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {}
  for (const { type, value } of zone.formatToParts(wholeSecondMs)) part[type] = value
  const local = new Date(0)
  const year = part.era?.startsWith('B') ? 1 - Number(part.year) : Number(part.year)
  local.setUTCFullYear(year, Number(part.month) - 1, Number(part.day))
  local.setUTCHours(Number(part.hour), Number(part.minute), Number(part.second))
  // beside the limits local time itself is out of range; which of the last folders it gets does not matter
  return Number.isNaN(local.getTime()) ? 0 : local.getTime() - wholeSecondMs
}
