const ISO = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-]\d{2}:\d{2})?)?$/

/** A time of ISO 8601 in microseconds since the epoch, without a zone UTC; null when the text is none, or no such day is. */
export function parseIsoTimestamp(text: string): bigint | null {
  const match = ISO.exec(text)
  if (match === null) return null
  const month = Number(match[2])
  const day = Number(match[3])
  const hour = Number(match[4] ?? 0)
  const minute = Number(match[5] ?? 0)
  const second = Number(match[6] ?? 0)
  if (month === 0 || month > 12 || hour > 23 || minute > 59 || second > 59) return null
  const date = new Date(0)
  date.setUTCFullYear(Number(match[1]), month - 1, day)
  // A day that does not exist (31 April) is one of the next month, and is told by that.
  if (date.getUTCDate() !== day) return null
  const offsetMinutes = zoneMinutes(match[8])
  if (offsetMinutes === null) return null
  const seconds = (hour * 60 + minute - offsetMinutes) * 60 + second
  const micros = Number((match[7] ?? '').padEnd(6, '0'))
  return BigInt(date.getTime() + seconds * 1000) * 1000n + BigInt(micros)
}

function zoneMinutes(zone: string | undefined): number | null {
  if (zone === undefined || zone === 'Z') return 0
  const [hours, minutes] = zone.slice(1).split(':').map(Number)
  if (hours! > 18 || minutes! > 59) return null
  return (zone.startsWith('-') ? -1 : 1) * (hours! * 60 + minutes!)
}
