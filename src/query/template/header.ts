import {
  COLUMN_TYPES,
  PARAMETER_TYPES,
  type ParameterType,
  type TemplateColumn,
  type TemplateParameter,
  type TemplateProblem,
} from './template.ts'

/** The typed comment lines at the head of a template. */
export interface Header {
  title: string
  description: string
  parameters: TemplateParameter[]
  /** Line of each parameter, by name. */
  lines: Map<string, number>
  columns: TemplateColumn[]
  window: { from: string; until: string } | null
  problems: TemplateProblem[]
}

/**
 * Reads a header:
 *
 *     -- title: Events of a key
 *     -- description: one or more lines of it
 *     -- param key string required: the key, as text
 *     -- param limit integer default 100 min 1 max 10000: rows at most
 *     -- param order string default asc one-of asc,desc: …
 *     -- column total double: what it cost
 *     -- window: from until
 */
export function parseHeader(lines: readonly string[]): Header {
  const header: Header = {
    title: '',
    description: '',
    parameters: [],
    lines: new Map(),
    columns: [],
    window: null,
    problems: [],
  }
  lines.forEach((text, index) => {
    const problem = readLine(header, text.slice(2).trim(), index + 1)
    if (problem !== null) header.problems.push({ line: index + 1, message: problem })
  })
  if (header.title === '') header.problems.push({ line: 1, message: 'the header has no `-- title: …`' })
  if (header.description === '') header.problems.push({ line: 1, message: 'the header has no `-- description: …`' })
  return header
}

function readLine(header: Header, text: string, line: number): string | null {
  const [, word, colon, rest] = /^([a-z]+)(:?)\s*(.*)$/.exec(text) ?? []
  if (word === 'title' && colon === ':') {
    if (header.title !== '') return 'a second title'
    header.title = rest!
  } else if (word === 'description' && colon === ':') {
    header.description = `${header.description} ${rest}`.trim()
  } else if (word === 'window' && colon === ':') {
    const [, from, until] = /^([a-z][a-z0-9_]*)\s+([a-z][a-z0-9_]*)$/.exec(rest!) ?? []
    if (from === undefined || until === undefined)
      return 'write `-- window: from until`, the names of two timestamp parameters'
    header.window = { from, until }
  } else if (word === 'param' && colon === '') {
    const parameter = readParameter(rest!)
    if (typeof parameter === 'string') return parameter
    if (header.lines.has(parameter.name)) return `a second parameter \`${parameter.name}\``
    header.parameters.push(parameter)
    header.lines.set(parameter.name, line)
  } else if (word === 'column' && colon === '') {
    const column = readColumn(rest!)
    if (typeof column === 'string') return column
    if (header.columns.some(({ name }) => name === column.name)) return `a second column \`${column.name}\``
    header.columns.push(column)
  } else {
    return 'not a header line: title:, description:, window:, param or column; other comments belong below the header, after an empty line'
  }
  return null
}

function readColumn(text: string): TemplateColumn | string {
  const [, name, word, description] = /^([a-z][a-z0-9_]*)\s+([a-z]+):\s+(\S.*)$/.exec(text) ?? []
  if (name === undefined) return 'write `column name type: description`'
  const type = COLUMN_TYPES.find((known) => known === word)
  if (type === undefined) return `the type of \`${name}\` is none of ${COLUMN_TYPES.join(', ')}`
  return { name, type, description: description! }
}

function readParameter(text: string): TemplateParameter | string {
  // The description begins at the first colon with a space behind it that is not in quotes: times hold colons, too.
  const split = /^((?:'(?:[^']|'')*'|(?!:\s)[^'])*):\s+(\S.*)$/.exec(text)
  if (split === null) return 'write `param name type …: description`'
  const words = (split[1]!.match(/'(?:[^']|'')*'|\S+/g) ?? []).map(unquote)
  const [name, type, ...constraints] = words
  if (name === undefined || !/^[a-z][a-z0-9_]*$/.test(name))
    return "a parameter's name is lower-case letters, digits and `_`"
  if (!isParameterType(type)) return `the type of \`${name}\` is none of ${PARAMETER_TYPES.join(', ')}`
  const parameter: TemplateParameter = {
    name,
    type,
    description: split[2]!,
    default: null,
    min: null,
    max: null,
    oneOf: null,
  }
  return readConstraints(parameter, constraints) ?? parameter
}

/** What is wrong with the constraints, or null when they are in the parameter now. */
function readConstraints(parameter: TemplateParameter, words: string[]): string | null {
  let required = false
  while (words.length > 0) {
    const word = words.shift()
    if (word === 'required') {
      required = true
      continue
    }
    const value = words.shift()
    if (value === undefined) return `nothing follows \`${word}\``
    if (word === 'default') parameter.default = value
    else if (word === 'one-of') parameter.oneOf = value.split(',')
    else if ((word === 'min' || word === 'max') && isNumeric(parameter.type) && Number.isFinite(Number(value))) {
      parameter[word] = Number(value)
    } else return `\`${word} ${value}\` does not fit a ${parameter.type}`
  }
  if (required === (parameter.default !== null))
    return `\`${parameter.name}\` is either \`required\` or has a \`default\``
  return null
}

function isNumeric(type: ParameterType): boolean {
  return type === 'integer' || type === 'double'
}

function isParameterType(word: string | undefined): word is ParameterType {
  return PARAMETER_TYPES.some((type) => type === word)
}

function unquote(word: string): string {
  return word.startsWith("'") ? word.slice(1, -1).replaceAll("''", "'") : word
}
