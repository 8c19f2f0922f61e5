import type { BoundParameter } from '../ports/query-engine.ts'
import { quoteLiteral } from './sql-quote.ts'

/** A value as the literal of its type, for Trino and Athena: they bind expressions, so this is how a value travels beside the text. */
export function trinoLiteral(parameter: BoundParameter): string {
  switch (parameter.type) {
    case 'string':
      return quoteLiteral(parameter.value)
    case 'integer':
      return `BIGINT '${parameter.value}'`
    case 'double':
      return `DOUBLE '${parameter.value}'`
    case 'boolean':
      return String(parameter.value)
    case 'timestamp':
      return `TIMESTAMP '${instant(parameter.value)} UTC'`
  }
}

/** `2025-01-14 09:00:00.000000` */
function instant(micros: bigint): string {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const iso = new Date(Number((micros - fraction) / 1000n)).toISOString()
  return `${iso.slice(0, 19).replace('T', ' ')}.${String(fraction).padStart(6, '0')}`
}
