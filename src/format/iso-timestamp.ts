const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}:\d{2})?)?$/

/** A time of ISO 8601 in microseconds since the epoch, without a zone UTC; null when the text is none, or no such day is. */
export function parseIsoTimestamp(text: string): bigint | null {
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
