import { InvalidInputError } from '../errors.ts'

/** What was asked for, by REST or on a command line: one of the two must be given. Throws InvalidInputError `query-usage`. */
export function oneStatement(asked: {
  sql?: string | undefined
  template?: string | undefined
}): { sql: string } | { template: string } {
  const { sql, template } = asked
  if (sql !== undefined && template === undefined) return { sql }
  if (template !== undefined && sql === undefined) return { template }
  throw new InvalidInputError('query-usage', 'a query is either a statement or a template', {
    remedy:
      'Give one of them, for example SELECT count(*) FROM orders. The templates are listed by "coldstream templates" and /v1/query-templates.',
  })
}
