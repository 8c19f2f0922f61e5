import { isUtf8 } from 'node:buffer'
import { RowProblem } from './row-problem.ts'

/** A value as an upcaster gets it, and what it was. */
export interface JsonSource {
  bytes: Buffer
  text: string
  value: unknown
}

/** Digits of the shortest integer that a double cannot hold. */
const longInteger = /\d{16}/

/** Throws RowProblem when the bytes are no JSON. Integers that a double cannot hold become bigint. */
export function readJson(bytes: Buffer): JsonSource {
  const text = bytes.toString()
  // what is no UTF-8 was replaced, and would be lost
  if (text.includes('\ufffd') && !isUtf8(bytes)) throw new RowProblem('the value is not UTF-8, and so is no JSON')
  try {
    return { bytes, text, value: parse(text) }
  } catch (error) {
    throw new RowProblem(`the value is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** A bigint becomes an integer. Throws RowProblem for what JSON cannot say, and what the value's own methods throw. */
export function stringifyJson(value: unknown): string {
  const text = plainOrExact(value)
  if (text === undefined)
    throw new RowProblem(`the value that was returned is a ${typeof value}, which JSON cannot say`)
  return text
}

/**
 * Whether `text`, as which the source's value is written by now, says the same as the source: the value may have been
 * changed in its place, and the source may have been spaced or numbered differently from the start.
 */
export function saysTheSame(text: string, source: JsonSource): boolean {
  return text === source.text || text === stringifyJson(parse(source.text))
}

function parse(text: string): unknown {
  if (!longInteger.test(text)) return JSON.parse(text)
  return JSON.parse(text, exactIntegers as (key: string, value: unknown) => unknown)
}

function plainOrExact(value: unknown): string | undefined {
  try {
    return JSON.stringify(value) as string | undefined
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    // a bigint most likely; anything else is thrown again
    return JSON.stringify(value, writtenIntegers) as string | undefined
  }
}

function exactIntegers(_key: string, value: unknown, { source }: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value
  return /^-?\d+$/.test(source) ? BigInt(source) : value
}

function writtenIntegers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJson(String(value)) : value
}

/** Known to the engine, but not to TypeScript's library yet. */
const rawJson = (JSON as typeof JSON & { rawJSON(text: string): unknown }).rawJSON
