import { readFileSync } from 'node:fs'
import { basename, dirname, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { RowProblem } from './row-problem.ts'

/** Longer messages are cut: a header or a line of a list holds them. */
const maxMessageLength = 500

/** `orders-v2.ts:14: TypeError: what happened`, with the line of the module, or of what it imports, that it came from. */
export function problemOf(error: unknown, file: string, known: { file: string; line: number } | null): string {
  const place = known === null ? placeOf(error, file) : `${shownPath(known.file, file)}:${known.line}`
  return `${place ?? `${basename(file)}:1`}: ${messageOf(error)}`
}

/** `TypeError: what happened (orders-v2.ts:14)`. */
export function reasonOf(error: unknown, file: string): string {
  if (error instanceof RowProblem) return oneLine(error.message)
  const place = placeOf(error, file)
  return place === null ? messageOf(error) : `${messageOf(error)} (${place})`
}

/** The line where the module says what it exports. */
export function exportLine(file: string): number {
  const exported = /^\s*(export\s+default\b|export\s*\{[^}]*\bdefault\b|module\.exports\b)/
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .findIndex((text) => exported.test(text))
  return line < 0 ? 1 : line + 1
}

function messageOf(error: unknown): string {
  return oneLine(error instanceof Error ? `${error.name}: ${error.message}` : `thrown: ${String(error)}`)
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > maxMessageLength ? `${line.slice(0, maxMessageLength)}…` : line
}

/** The first place of the stack that lies in the module's folder, as `file:line` relative to it. */
function placeOf(error: unknown, file: string): string | null {
  const stack = error instanceof Error ? String(error.stack) : ''
  for (const [, scheme = '', name, line] of stack.matchAll(/(file:\/\/)?(\/[^\s:()]+):(\d+)/g)) {
    const path = shownPath(scheme === '' ? name! : fileURLToPath(scheme + name!), file)
    if (!path.startsWith('..')) return `${path}:${line}`
  }
  return null
}

/** Relative to the module's folder. */
function shownPath(path: string, file: string): string {
  return relative(dirname(file), path).split(sep).join('/')
}
