import type { QueryValue } from '../../ports/query-engine.ts'
import type { TypeSignature, WireValue } from './wire.ts'

/** Reads the values of one column. */
export type ValueReader = (value: WireValue) => QueryValue

/** What turns Trino's JSON of this type into the port's terms. */
export function readerOf(type: TypeSignature): ValueReader {
  const read = nonNullReader(type)
  return (value) => (value === null ? null : read(value))
}

function nonNullReader(type: TypeSignature): ValueReader {
  switch (type.rawType) {
    case 'bigint':
      return (value) => BigInt(value as number | bigint)
    case 'double':
    case 'real':
      return Number // also of `NaN` and `Infinity`, which come as text
    case 'varbinary':
      return (value) => new Uint8Array(Buffer.from(value as string, 'base64'))
    case 'timestamp':
      return (value) => isoTime(String(value))
    case 'timestamp with time zone':
      return (value) => isoInstant(String(value))
    case 'time':
    case 'time with time zone':
      return (value) => withoutZeros(String(value))
    case 'array':
      return listReader(type)
    case 'map':
      return mapReader(type)
    case 'row':
      return rowReader(type)
    default:
      // booleans, small integers, and what is text there too: varchar, char, json, decimal, date, uuid, intervals
      return (value) => value as QueryValue
  }
}

function listReader(type: TypeSignature): ValueReader {
  const [item] = typesOf(type)
  const read = readerOf(item!)
  return (value) => (value as WireValue[]).map(read)
}

function mapReader(type: TypeSignature): ValueReader {
  const [key, item] = typesOf(type)
  const readKey = keyReader(key!)
  const read = readerOf(item!)
  return (value) => Object.entries(value as object).map(([name, entry]) => ({ key: readKey(name), value: read(entry) }))
}

/** Keys of a JSON object are text whatever their type. */
function keyReader(type: TypeSignature): (name: string) => QueryValue {
  const read = readerOf(type)
  if (type.rawType === 'boolean') return (name) => name === 'true'
  if (/^(tinyint|smallint|integer)$/.test(type.rawType)) return Number
  if (type.rawType === 'bigint') return BigInt
  return read
}

function rowReader(type: TypeSignature): ValueReader {
  const fields = type.arguments.flatMap((argument, index) =>
    argument.kind === 'NAMED_TYPE'
      ? [
          {
            name: argument.value.fieldName?.name ?? `field${index}`,
            read: readerOf(argument.value.typeSignature),
          },
        ]
      : [],
  )
  return (value) =>
    Object.fromEntries(fields.map(({ name, read }, index) => [name, read((value as WireValue[])[index] ?? null)]))
}

function typesOf(type: TypeSignature): TypeSignature[] {
  return type.arguments.flatMap((argument) => (argument.kind === 'TYPE' ? [argument.value] : []))
}

/** `2025-01-14 09:00:00.120000` -> `2025-01-14T09:00:00.12` */
function isoTime(text: string): string {
  return withoutZeros(text.replace(' ', 'T'))
}

/**
 * `2025-01-14 09:00:00.000000 UTC` -> `…Z`, and so with any offset; a zone by name stays in brackets behind the local
 * time, as Trino does not tell its offset.
 */
function isoInstant(text: string): string {
  const [, local, fraction = '', zone] = /^(\S+ [\d:]+)(\.\d+)? (.+)$/.exec(text) ?? ['', text, '', '']
  const iso = local!.replace(' ', 'T')
  if (zone === 'UTC') return withoutZeros(`${iso}${fraction}Z`)
  if (!/^[+-]\d\d:\d\d$/.test(zone!)) return withoutZeros(`${iso}${fraction}[${zone}]`)
  const utc = new Date(`${iso}${zone}`).toISOString().replace('.000Z', '')
  return withoutZeros(`${utc}${fraction}Z`)
}

function withoutZeros(text: string): string {
  return text.replace(/(\.\d*?)0+(?!\d)/, '$1').replace(/\.(?!\d)/, '')
}
