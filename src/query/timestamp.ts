/** Stand for "no bound"; every four-digit year lies between them. */
export const EARLIEST_MICROS = -62_135_596_800_000_000n
export const LATEST_MICROS = 253_402_300_799_999_999n

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** What is taken as a time, for messages. */
export const TIMESTAMP_FORMS =
  'ISO 8601 (2025-01-14, 2025-01-14T09:00:00Z), epoch milliseconds, now, now-24h, earliest or latest'

/**
 * A time as people write it, in microseconds since the epoch; null when it is none of `TIMESTAMP_FORMS`. Without a zone
 * it is UTC.
 */
export function parseTimestamp(text: string, nowMs: number): bigint | null {
  if (text === 'earliest') return EARLIEST_MICROS
  if (text === 'latest') return LATEST_MICROS
  if (/^-?\d{1,15}$/.test(text) && !/^\d{4}$/.test(text)) return BigInt(text) * 1000n
  return parseRelative(text, nowMs) ?? parseIso(text)
}

function parseRelative(text: string, nowMs: number): bigint | null {
  const match = /^now(?:([+-])(\d{1,6})([smhdw]))?$/.exec(text)
  if (match === null) return null
  const distance = Number(match[2] ?? 0) * (UNIT_MS[match[3] ?? ''] ?? 0)
  return BigInt(nowMs + (match[1] === '-' ? -distance : distance)) * 1000n
}

const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}:\d{2})?)?$/

function parseIso(text: string): bigint | null {
  const match = ISO.exec(text)
  if (match === null) return null
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0)) as number[]
  const date = new Date(0)
  date.setUTCFullYear(year!, month! - 1, day!)
  date.setUTCHours(hour!, minute!, second!)
  // A date that does not exist (31 April, 25:00) rolls over, and is told by that.
  const written = `${match[1]}-${match[2]}-${match[3]}T${match[4] ?? '00'}:${match[5] ?? '00'}:${match[6] ?? '00'}`
  if (!date.toISOString().startsWith(written)) return null
  const offsetMinutes = zoneMinutes(match[8])
  if (offsetMinutes === null) return null
  const micros = Number((match[7] ?? '').padEnd(6, '0'))
  return BigInt(date.getTime() - offsetMinutes * 60_000) * 1000n + BigInt(micros)
}

function zoneMinutes(zone: string | undefined): number | null {
  if (zone === undefined || zone === 'Z') return 0
  const [hours, minutes] = zone.slice(1).split(':').map(Number)
  if (hours! > 18 || minutes! > 59) return null
  return (zone.startsWith('-') ? -1 : 1) * (hours! * 60 + minutes!)
}
