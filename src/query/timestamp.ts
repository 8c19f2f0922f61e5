import { parseIsoTimestamp } from '../format/iso-timestamp.ts'

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
  return parseRelative(text, nowMs) ?? parseIsoTimestamp(text)
}

function parseRelative(text: string, nowMs: number): bigint | null {
  const match = /^now(?:([+-])(\d{1,6})([smhdw]))?$/.exec(text)
  if (match === null) return null
  const distance = Number(match[2] ?? 0) * (UNIT_MS[match[3] ?? ''] ?? 0)
  return BigInt(nowMs + (match[1] === '-' ? -distance : distance)) * 1000n
}
