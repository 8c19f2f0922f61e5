import type { QueryValue } from '../../ports/query-engine.ts'
import { utf8Text } from './bytes.ts'
import { jsonValue } from './json.ts'

/**
 * A value as a cell of a table on a terminal: bytes as text, else in hex; null as `NULL`. Control characters are shown,
 * not sent: what is archived must not move the reader's cursor.
 */
export function textCell(value: QueryValue): string {
  if (value === null) return 'NULL'
  if (value instanceof Uint8Array) return visible(utf8Text(value) ?? `0x${Buffer.from(value).toString('hex')}`)
  if (typeof value === 'object') return visible(JSON.stringify(jsonValue(value)))
  return visible(String(value))
}

function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === '\n') return '\\n'
    if (character === '\t') return '\\t'
    return `\\u{${character.codePointAt(0)!.toString(16)}}`
  })
}
