import Table from 'cli-table3'
import { ColdstreamError } from '../errors.ts'

/** Where a command writes, and in which form. */
export interface Output {
  /** `--json`: one JSON document on standard output, for scripts. */
  readonly json: boolean
  /** Whether standard error is a terminal that can show a moving bar. */
  readonly interactive: boolean
  /** Whether standard output is a terminal, for somebody to read. */
  readonly isTerminal: boolean
  /** Writes a line of the result. */
  line(text: string): void
  /** Writes a line for the person who waits, never part of the result. */
  note(text: string): void
  /** Writes text or bytes as they are. */
  raw(piece: string | Uint8Array): void
}

export interface Streams {
  stdout: NodeJS.WritableStream & { isTTY?: boolean }
  stderr: NodeJS.WritableStream & { isTTY?: boolean }
}

export function createOutput(streams: Streams, json: boolean): Output {
  return {
    json,
    interactive: streams.stderr.isTTY === true && !json,
    isTerminal: streams.stdout.isTTY === true,
    line: (text) => streams.stdout.write(`${text}\n`),
    note: (text) => {
      if (!json) streams.stderr.write(`${text}\n`)
    },
    raw: (piece) => streams.stdout.write(piece),
  }
}

/** JSON for scripts: offsets, which may exceed what a JSON number can hold exactly, are text. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) => (typeof member === 'bigint' ? String(member) : member), 2)
}

/** A column of a table: text to the left, numbers to the right. */
export interface Column {
  name: string
  align: 'left' | 'right'
}

export const text = (name: string): Column => ({ name, align: 'left' })
export const number = (name: string): Column => ({ name, align: 'right' })

/** An aligned table without frames, easy to read and to cut. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const none = {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
  }
  const inner = { left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' }
  const table = new Table({
    head: columns.map((column) => column.name),
    colAligns: columns.map((column) => column.align),
    chars: { ...none, ...inner },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const row of rows) table.push([...row])
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

/** Bytes in the unit a person reads: `12.3 MB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** US dollars, with as many digits as the least that Athena bills needs. */
export function formatUsd(usd: number): string {
  return `$${usd.toFixed(5)}`
}

/** A count with thin groups: `1,234,567`. */
export function formatCount(count: number | bigint): string {
  return count.toLocaleString('en-US')
}

/** An error for a person or a script, with what to do about it. */
export function renderError(error: unknown, json: boolean): string {
  if (error instanceof ColdstreamError) {
    const { code, message, remedy, details } = error
    return json
      ? toJson({ error: { code, message, remedy, details } })
      : `error: ${message}\n  what to do: ${remedy.replaceAll('\n', '\n  ')}`
  }
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return json
    ? toJson({ error: { code: 'internal-error', message: trace } })
    : `error: this is a bug in coldstream:\n${trace}`
}
