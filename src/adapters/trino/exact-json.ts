/** A number that a float may not hold: sixteen digits in a row. Most answers have none and take the quick way. */
const LONG_NUMBER = /\d{16}/
const INTEGER = /^-?\d+$/

/** `JSON.parse` that gives integers beyond 2^53 as bigints instead of their neighbours: offsets are 64 bits wide. */
export function parseExact(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text)
  return parseWithSource(text, (_, value, { source }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && INTEGER.test(source ?? '') ? BigInt(source!) : value,
  )
}

/** TypeScript's library does not know yet that a reviver is given the source text (ES2026, in Node.js since 21). */
const parseWithSource = JSON.parse as (
  text: string,
  revive: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown
