import { InvalidInputError } from '../../errors.ts'
import { toPositional } from '../../format/named-parameters.ts'
import { quoteLiteral } from '../../format/sql-quote.ts'
import { trinoLiteral } from '../../format/trino-literal.ts'
import type { BoundParameter } from '../../ports/query-engine.ts'

/** Trino's own bound is a million characters, of the statement as it is sent. */
const MAX_SQL_CHARACTERS = 256 * 1024

/** What goes over the wire, and how many lines of it lie before the statement's own first line. */
export interface WireStatement {
  text: string
  linesBefore: number
}

/**
 * A statement with its values bound. By Trino's grammar what begins with one of these words is a query, and a request is
 * one statement, so nothing else than reading gets through. Throws InvalidInputError `sql-forbidden`, `sql-invalid`.
 */
export function wireStatement(sql: string, parameters: readonly BoundParameter[]): WireStatement {
  if (sql.length > MAX_SQL_CHARACTERS) {
    throw new InvalidInputError('sql-invalid', `The statement is longer than ${MAX_SQL_CHARACTERS} characters.`, {
      remedy: 'Shorten it.',
    })
  }
  const statement = withoutEnd(sql)
  checkReads(statement)
  const positional = toPositional(statement)
  if (positional.names.length === 0) return { text: statement, linesBefore: 0 }
  const values = positional.names.map((name) => literal(name, parameters))
  // Two line breaks, so that columns of errors count as in the statement itself.
  const text = `EXECUTE IMMEDIATE\n${quoteLiteral(`\n${positional.sql}`)}\nUSING ${values.join(', ')}`
  return { text, linesBefore: 2 }
}

function checkReads(sql: string): void {
  const first = wordAfter(sql, 0)
  const reads = sql[first.start] === '(' || /^(SELECT|WITH|VALUES|TABLE)$/i.test(first.word)
  if (reads && !setsProperties(sql, first)) return
  const message = first.start === sql.length ? 'The text holds no statement.' : 'Only a SELECT can be run.'
  throw new InvalidInputError('sql-forbidden', message, {
    remedy: 'Write one SELECT over the archived topics; nothing else can be read, written or set from a query.',
  })
}

/** `WITH SESSION name = value` sets properties for the statement, its limits among them; `WITH session AS (…)` does not. */
function setsProperties(sql: string, first: Word): boolean {
  if (!/^WITH$/i.test(first.word)) return false
  const second = wordAfter(sql, first.end)
  if (!/^SESSION$/i.test(second.word)) return false
  const third = wordAfter(sql, second.end)
  return sql[third.start] !== '(' && !/^AS$/i.test(third.word)
}

interface Word {
  word: string
  start: number
  end: number
}

/** The next word, behind blanks and comments; empty where something else comes first, or nothing. */
function wordAfter(sql: string, from: number): Word {
  let at = from
  for (;;) {
    const before = at
    while (/\s/.test(sql[at] ?? '')) at++
    if (sql.startsWith('--', at)) at = endOf(sql, '\n', at)
    else if (sql.startsWith('/*', at)) at = endOf(sql, '*/', at + 2)
    if (at === before) break
  }
  let end = at
  while (/\w/.test(sql[end] ?? '')) end++
  return { word: sql.slice(at, end), start: at, end }
}

function endOf(sql: string, mark: string, from: number): number {
  const at = sql.indexOf(mark, from)
  return at < 0 ? sql.length : at + mark.length
}

/** Trino takes no `;`; a last one that ends the text is everybody's habit. */
function withoutEnd(sql: string): string {
  const trimmed = sql.trimEnd()
  return trimmed.endsWith(';') ? trimmed.slice(0, -1) : sql
}

function literal(name: string, parameters: readonly BoundParameter[]): string {
  const parameter = parameters.find((candidate) => candidate.name === name)
  if (parameter !== undefined) return trinoLiteral(parameter)
  throw new InvalidInputError('sql-invalid', `The statement has a parameter $${name} for which there is no value.`, {
    remedy: `Give a value for ${name}.`,
  })
}
