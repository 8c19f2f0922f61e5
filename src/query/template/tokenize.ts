import { FRAGMENTS, fragmentOf, isFragment } from './fragments.ts'
import type { SqlToken, TemplateProblem } from './template.ts'

/**
 * What may stand in a statement, longest first. Strings, quoted identifiers and comments are passed over whole, so that
 * a `:` in them stays what it is. What engines read differently (dollar and `E''` strings, nested comments) is no token.
 */
const TOKEN = new RegExp(
  [
    /(?<text>'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*(?:(?!\/\*)[\s\S])*?\*\/|::|[^'"\-/:{}$?;\\]+|-(?!-)|\/(?!\*))/,
    /:(?<value>[a-z][a-z0-9_]*)/,
    /\{(?<identifier>[a-z][a-z0-9_]*)\}/,
    /\{(?<fragment>[a-z][a-z0-9_]*)(?<names>(?: +:[a-z][a-z0-9_]*)+)\}/,
    /(?<end>;)/,
  ]
    .map((part) => part.source)
    .join('|'),
  'y',
)

const EXPLANATIONS: Readonly<Record<string, string>> = {
  "'": 'a string is not closed',
  '"': 'a quoted identifier is not closed',
  '/': 'a comment is not closed, or holds another one',
  $: '`$` is not allowed: write parameters as :name',
  '?': '`?` is not allowed: write parameters as :name',
  '{': 'a topic is written {name}, a fragment {name :parameter}',
  '}': 'a topic is written {name}, a fragment {name :parameter}',
  ':': 'a parameter is written :name, in lower case',
}

/** Cuts a template's statement at its placeholders. `firstLine` is the file's line on which the text begins. */
export function tokenize(sql: string, firstLine: number): { tokens: SqlToken[]; problems: TemplateProblem[] } {
  const tokens: SqlToken[] = []
  const problems: TemplateProblem[] = []
  let line = firstLine
  let ended = false
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < sql.length) {
    const start = TOKEN.lastIndex
    const groups = TOKEN.exec(sql)?.groups
    if (groups === undefined) {
      problems.push({ line, message: EXPLANATIONS[sql[start]!] ?? `\`${sql[start]}\` is not allowed here` })
      break
    }
    const { text, value, identifier, fragment, names, end } = groups
    if (ended && !isBlank(text)) {
      const blankLines = /^\s*/.exec(sql.slice(start))![0].split('\n').length - 1
      problems.push({ line: line + blankLines, message: 'a template is one statement: nothing may follow the `;`' })
      break
    }
    if (text !== undefined && startsEscapeString(tokens.at(-1), text)) {
      problems.push({ line, message: "E'…' strings are read differently by SQL engines: write a plain string" })
    }
    if (end !== undefined) ended = true
    else if (value !== undefined) tokens.push({ kind: 'value', name: value, line })
    else if (identifier !== undefined) tokens.push({ kind: 'identifier', name: identifier, line })
    else if (fragment !== undefined) {
      const token = readFragment(fragment, names!, line)
      if (typeof token === 'string') problems.push({ line, message: token })
      else tokens.push(token)
    } else if (text !== undefined && !ended) tokens.push({ kind: 'text', text })
    line += sql.slice(start, TOKEN.lastIndex).split('\n').length - 1
  }
  return { tokens, problems }
}

/** The token, or what is wrong with it. */
function readFragment(name: string, names: string, line: number): SqlToken | string {
  const known = Object.keys(FRAGMENTS).join(', ')
  if (!isFragment(name)) return `there is no fragment \`${name}\`: ${known}`
  const parameters = names
    .trim()
    .split(/ +/)
    .map((place) => place.slice(1))
  const { parameters: wanted } = fragmentOf(name)
  if (parameters.length !== wanted) return `the fragment \`${name}\` takes ${wanted} parameters`
  return { kind: 'fragment', fragment: name, names: parameters, line }
}

/** Whether a token holds nothing to run. */
export function isBlank(text: string | undefined): boolean {
  return text !== undefined && (text.trim() === '' || text.startsWith('--') || text.startsWith('/*'))
}

function startsEscapeString(before: SqlToken | undefined, text: string): boolean {
  return text.startsWith("'") && before?.kind === 'text' && /(^|[^a-z0-9_])e$/i.test(before.text)
}
