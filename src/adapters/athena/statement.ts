import { InvalidInputError } from '../../errors.ts'
import { toPositional } from '../../format/named-parameters.ts'

/** Athena takes no longer ones. */
const MAX_SQL_BYTES = 256 * 1024

const READING = new Set(['SELECT', 'WITH', 'VALUES', 'TABLE'])

/** What text is made of, as far as `;` and the first word are told by it. */
const TOKEN =
  /(?<blank>\s+|--[^\n]*|\/\*[\s\S]*?\*\/)|(?<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?<word>[A-Za-z_]\w*)|(?<other>[\s\S])/y

/** Sets properties for the statement. */
const SETS = /^WITH\s+SESSION\s+(?!AS\b|\()/i

/** A statement that only reads, without the `;` behind it, its parameters as `?`; their names in order. */
export interface ReadingStatement {
  sql: string
  names: readonly string[]
}

/**
 * Lets pass nothing but one statement that selects: Athena would also run DDL and INSERT. Throws InvalidInputError
 * `sql-forbidden`, `sql-invalid`.
 */
export function readingStatement(text: string): ReadingStatement {
  if (Buffer.byteLength(text) > MAX_SQL_BYTES) {
    throw new InvalidInputError('sql-invalid', `The statement is longer than ${MAX_SQL_BYTES} bytes.`, {
      remedy: 'Shorten it.',
    })
  }
  let first: string | null = null
  let begin = 0
  let end: number | null = null
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const start = TOKEN.lastIndex
    const { blank, word, other } = TOKEN.exec(text)!.groups!
    if (blank !== undefined) continue
    if (end !== null && other !== ';') throw forbidden('The text holds several statements.')
    if (other === ';') end ??= start
    else if (first === null && other !== '(') {
      first = (word ?? '').toUpperCase()
      begin = start
    }
  }
  if (first === null) throw forbidden('The text holds no statement.')
  if (!READING.has(first) || SETS.test(text.slice(begin))) throw forbidden('Only a SELECT can be run.')
  return toPositional(text.slice(0, end ?? text.length).trimEnd())
}

function forbidden(message: string): InvalidInputError {
  return new InvalidInputError('sql-forbidden', message, {
    remedy: 'Write one SELECT over the tables of the archive; nothing else can be read, written or set from a query.',
  })
}
