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

const LEADING_COMMENTS = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)*/
const READS = /^(?:\(|(?:SELECT|WITH|VALUES|TABLE)\b)/i
/** Sets properties for the statement, its limits among them. */
const SETS = /^WITH\s+SESSION\s+(?!AS\b|\()/i

function checkReads(sql: string): void {
  const statement = sql.slice(LEADING_COMMENTS.exec(sql)![0].length)
  if (READS.test(statement) && !SETS.test(statement)) return
  const message = statement === '' ? 'The text holds no statement.' : 'Only a SELECT can be run.'
  throw new InvalidInputError('sql-forbidden', message, {
    remedy: 'Write one SELECT over the archived topics; nothing else can be read, written or set from a query.',
  })
}

/** Trino takes no `;`; a last one that ends the text is everybody's habit. */
function withoutEnd(sql: string): string {
  return sql.replace(/;\s*$/, '')
}

function literal(name: string, parameters: readonly BoundParameter[]): string {
  const parameter = parameters.find((candidate) => candidate.name === name)
  if (parameter !== undefined) return trinoLiteral(parameter)
  throw new InvalidInputError('sql-invalid', `The statement has a parameter $${name} for which there is no value.`, {
    remedy: `Give a value for ${name}.`,
  })
}
