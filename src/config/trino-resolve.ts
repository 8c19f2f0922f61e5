import type { Problem } from './problems.ts'
import type { Settings } from './schema.ts'
import type { Config } from './shape.ts'

/** The `query.trino` section as its engine takes it, null where there is none; notes what does not go together. */
export function trinoOf(settings: Settings['query']['trino'], problems: Problem[]): Config['query']['trino'] {
  const { url, user, password = null, accessToken = null, catalog, schema } = settings
  const secrets = [password === null ? [] : 'password', accessToken === null ? [] : 'accessToken'].flat()
  const note = (name: string, message: string) => problems.push({ where: `query.trino.${name}`, message })
  if (secrets.length > 1) note('accessToken', 'is set, and password too; only one of them can be')
  if (url === undefined) {
    if (secrets.length > 0) note('url', `is not set, but ${secrets[0]} is`)
    return null
  }
  if (!URL.canParse(url)) note('url', 'expected an http or https URL')
  if (secrets.length > 0 && !url.startsWith('https:'))
    note('url', `must be https, as ${secrets[0]} would be seen by others`)
  return { url, user, password, accessToken, catalog, schema }
}
