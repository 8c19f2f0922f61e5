import { type Members, quote, type Shape } from './shape.ts'

/** What a record's key has to be. A null key never meets it. */
export interface KeyCondition {
  /** The key equals one of these … */
  exact: readonly Buffer[]
  /** … or begins with one of these. */
  prefixes: readonly Buffer[]
}

/** A header that a record has to have, with this very value. */
export interface HeaderCondition {
  key: string
  value: Buffer | null
}

const maxItems = 100_000
const maxWhereLength = 10_000

/** `{in?: [text], prefix?: [text], encoding?: "utf8" | "base64"}`; at least one text. */
export function readKeys(value: unknown, place: string, shape: Shape): KeyCondition | null {
  const keys = shape.object(value, place, ['in', 'prefix', 'encoding'])
  if (keys === null) return null
  const { encoding = 'utf8' } = keys
  if (encoding !== 'utf8' && encoding !== 'base64') {
    shape.problems.push(`${place}.encoding: must be "utf8" or "base64", not ${quote(encoding)}`)
    return null
  }
  const exact = readTexts(keys.in, `${place}.in`, encoding, shape)
  const prefixes = readTexts(keys.prefix, `${place}.prefix`, encoding, shape)
  if (exact.length + prefixes.length === 0) shape.problems.push(`${place}: name keys in "in" or beginnings in "prefix"`)
  return { exact, prefixes }
}

/** `[{key, value}]`; the value is a text, or null for a header without one. */
export function readHeaders(value: unknown, place: string, shape: Shape): HeaderCondition[] {
  if (value === undefined) return []
  const headers: HeaderCondition[] = []
  for (const [index, item] of readList(value, place, 'headers', shape).entries()) {
    const header = shape.object(item, `${place}[${index}]`, ['key', 'value'])
    const { key, value } = header ?? {}
    if (typeof key === 'string' && (typeof value === 'string' || value === null)) {
      headers.push({ key, value: value === null ? null : Buffer.from(value) })
    } else shape.problems.push(`${place}[${index}]: must be {"key": text, "value": text or null}`)
  }
  return headers
}

/** A SQL condition as text; what it says is for the query engine to judge. */
export function readWhere(value: unknown, place: string, shape: Shape): string | null {
  if (value === undefined) return null
  if (typeof value === 'string' && value.trim() !== '' && value.length <= maxWhereLength) return value
  shape.problems.push(`${place}: must be a SQL condition of at most ${maxWhereLength} characters`)
  return null
}

/** A list that is not empty and not huge. */
export function readList(value: unknown, place: string, what: string, shape: Shape): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0 && value.length <= maxItems) return value
  shape.problems.push(`${place}: must be a list of 1 to ${maxItems} ${what}`)
  return []
}

/** JSON that readKeys takes, always the same for the same condition. */
export function keysToJson({ exact, prefixes }: KeyCondition): Members {
  const isText = [...exact, ...prefixes].every((bytes) => Buffer.from(bytes.toString('utf8')).equals(bytes))
  const encoding = isText ? 'utf8' : 'base64'
  const texts = (list: readonly Buffer[]): string[] => list.map((bytes) => bytes.toString(encoding))
  return {
    ...(exact.length > 0 && { in: texts(exact) }),
    ...(prefixes.length > 0 && { prefix: texts(prefixes) }),
    ...(!isText && { encoding }),
  }
}

export function headerToJson({ key, value }: HeaderCondition): Members {
  return { key, value: value === null ? null : value.toString('utf8') }
}

function readTexts(value: unknown, place: string, encoding: 'utf8' | 'base64', shape: Shape): Buffer[] {
  if (value === undefined) return []
  const texts: string[] = []
  for (const [index, text] of readList(value, place, 'texts', shape).entries()) {
    if (typeof text === 'string' && isEncoded(text, encoding)) texts.push(text)
    else shape.problems.push(`${place}[${index}]: must be a text in ${encoding}, not ${quote(text)}`)
  }
  return [...new Set(texts)].sort().map((text) => Buffer.from(text, encoding))
}

function isEncoded(text: string, encoding: 'utf8' | 'base64'): boolean {
  return encoding === 'utf8' || Buffer.from(text, 'base64').toString('base64') === text
}
