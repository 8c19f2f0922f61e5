import { UnavailableError } from '../../errors.ts'
import type { QueryValue } from '../../ports/query-engine.ts'

/**
 * A value that Athena tells as text, by its column's type. Arrays, maps and rows stay Athena's text (`[a, b]`,
 * `{k=v}`): it does not quote what is in them, so they cannot be taken apart without guessing; CAST AS JSON can.
 */
export function toQueryValue(text: string | null, type: string): QueryValue {
  if (text === null) return null
  switch (type) {
    case 'boolean':
      return text === 'true'
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'integer':
      return Number(text)
    case 'bigint':
      return BigInt(text)
    case 'float':
    case 'real':
    case 'double':
      return Number(text)
    case 'varbinary':
      return bytesOf(text)
    case 'timestamp':
      return withoutTrailingZeros(text.replace(' ', 'T'))
    case 'timestamp with time zone':
      return zonedTime(text)
    default:
      return text
  }
}

/** Hex digits, in pairs that are parted by blanks. */
function bytesOf(text: string): Uint8Array {
  const hex = text.replaceAll(' ', '')
  if (hex.length % 2 !== 0 || /[^0-9a-f]/i.test(hex)) {
    throw new UnavailableError('query-engine-failed', 'Athena sent bytes in a form that is not known.', {
      remedy: 'Select to_base64(…) of the column instead, and report this as a fault.',
    })
  }
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

/** `2025-01-14 09:00:00.000 UTC`; a named zone stays, as its offset is not for us to decide. */
function zonedTime(text: string): string {
  const { time, zone } = /^(?<time>\S+ \S+) (?<zone>.+)$/.exec(text)?.groups ?? {}
  if (time === undefined || zone === undefined) return text
  const local = withoutTrailingZeros(time.replace(' ', 'T'))
  if (zone === 'UTC' || zone === 'Z' || zone === '+00:00') return `${local}Z`
  const offset = /^([+-])(\d{2}):(\d{2})$/.exec(zone)
  if (offset === null) return `${local}[${zone}]`
  const [seconds, fraction] = local.split('.')
  const minutes = (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === '-' ? -1 : 1)
  const utc = new Date(Date.parse(`${seconds}Z`) - minutes * 60_000).toISOString().replace('.000Z', '')
  return `${utc}${fraction === undefined ? '' : `.${fraction}`}Z`
}

/** Athena shows thousandths also where there are none; the other engines do not. */
function withoutTrailingZeros(time: string): string {
  return time.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')
}
