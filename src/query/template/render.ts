import type { BoundParameter, PartitionBounds, SqlDialect } from '../../ports/query-engine.ts'
import { fragmentOf } from './fragments.ts'
import type { Template } from './template.ts'
import type { TemplateValues } from './values.ts'

/**
 * The statement as an engine reads it. Values never become part of the text; identifiers are quoted. `bounds` by topic:
 * the partitions to read, for engines that have to be told.
 */
export function render(
  template: Template,
  values: TemplateValues,
  dialect: SqlDialect,
  bounds: ReadonlyMap<string, PartitionBounds> = new Map(),
): { sql: string; parameters: BoundParameter[] } {
  const parameters: BoundParameter[] = []
  const bind = (name: string): string => {
    parameters.push(values.bound.get(name)!)
    return dialect.placeholder(name, parameters.length - 1)
  }
  const parts = template.tokens.map((token) => {
    if (token.kind === 'text') return token.text
    if (token.kind === 'value') return bind(token.name)
    if (token.kind === 'fragment') return fragmentOf(token.fragment).sql[dialect.syntax](token.names.map(bind))
    const topic = values.identifiers.get(token.name)!
    return dialect.table?.(topic, bounds.get(topic) ?? null) ?? dialect.identifier(topic)
  })
  return { sql: parts.join(''), parameters }
}
