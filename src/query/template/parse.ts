import { type Header, parseHeader } from './header.ts'
import type { SqlToken, Template, TemplateProblem } from './template.ts'
import { isBlank, tokenize } from './tokenize.ts'
import { readValue } from './values.ts'

/** Reads a template's file; all that is wrong with it is found in one go. */
export function parseTemplate(
  name: string,
  file: string,
  source: string,
): { template: Template | null; problems: TemplateProblem[] } {
  const lines = source.replaceAll('\r\n', '\n').split('\n')
  const end = lines.findIndex((line) => !line.startsWith('--'))
  const headerLines = end === -1 ? lines : lines.slice(0, end)
  const header = parseHeader(headerLines)
  const { tokens, problems } = tokenize(lines.slice(headerLines.length).join('\n').trimEnd(), headerLines.length + 1)
  const all = [
    ...(/^[a-z][a-z0-9-]*$/.test(name) ? [] : [{ line: 1, message: 'the file is named in lower case: top-keys.sql' }]),
    ...header.problems,
    ...problems,
    ...problemsOfUse(header, tokens),
    ...problemsOfDefaults(header),
    ...problemsOfWindow(header),
  ].sort((a, b) => a.line - b.line)
  if (all.length > 0) return { template: null, problems: all }
  const { title, description, parameters, columns, window } = header
  return { template: { name, title, description, parameters, columns, window, tokens, file }, problems: [] }
}

function problemsOfUse(header: Header, tokens: readonly SqlToken[]): TemplateProblem[] {
  const problems: TemplateProblem[] = []
  const used = new Set<string>()
  for (const token of tokens) {
    if (token.kind === 'text') continue
    for (const name of token.kind === 'fragment' ? token.names : [token.name]) {
      used.add(name)
      const parameter = header.parameters.find((declared) => declared.name === name)
      if (parameter === undefined) {
        problems.push({ line: token.line, message: `\`${name}\` is not declared: add \`-- param ${name} …\`` })
      } else if ((parameter.type === 'topic') !== (token.kind === 'identifier')) {
        problems.push({ line: token.line, message: 'a topic is written {name}, every other parameter :name' })
      }
    }
  }
  for (const [name, line] of header.lines) {
    if (!used.has(name)) problems.push({ line, message: `\`${name}\` is declared but not used` })
  }
  if (tokens.every((token) => token.kind === 'text' && isBlank(token.text))) {
    problems.push({ line: 1, message: 'the file holds no statement' })
  }
  return problems
}

function problemsOfDefaults(header: Header): TemplateProblem[] {
  return header.parameters.flatMap((parameter) => {
    if (parameter.default === null) return []
    const read = readValue(parameter, parameter.default, { nowMs: 0, topics: null })
    if (typeof read !== 'string') return []
    return [{ line: header.lines.get(parameter.name)!, message: `the default of \`${parameter.name}\` ${read}` }]
  })
}

function problemsOfWindow(header: Header): TemplateProblem[] {
  if (header.window === null) return []
  return [header.window.from, header.window.until]
    .filter((name) => header.parameters.find((parameter) => parameter.name === name)?.type !== 'timestamp')
    .map((name) => ({ line: 1, message: `the window's \`${name}\` is no timestamp parameter` }))
}
