import type { BoundParameter, SqlDialect } from '../../ports/query-engine.ts'
import type { Template } from './template.ts'
import type { TemplateValues } from './values.ts'

/** The statement as an engine reads it. Values never become part of the text; identifiers are quoted. */
export function render(
  template: Template,
  values: TemplateValues,
  dialect: SqlDialect,
): { sql: string; parameters: BoundParameter[] } {
  const parameters: BoundParameter[] = []
  const parts = template.tokens.map((token) => {
    if (token.kind === 'text') return token.text
    if (token.kind === 'identifier') return dialect.identifier(values.identifiers.get(token.name)!)
    parameters.push(values.bound.get(token.name)!)
    return dialect.placeholder(token.name, parameters.length - 1)
  })
  return { sql: parts.join(''), parameters }
}
