import { type CheckedConnector, checkConnector } from '../archive/connector/parse.ts'
import type { Environment, PropertyProblem } from '../archive/connector/properties.ts'
import { isReference, isSecret } from '../archive/connector/secrets.ts'
import { InvalidInputError } from '../errors.ts'

/** A configuration as text, as Connect keeps it. */
export type TextConfig = Readonly<Record<string, string>>

/**
 * The configuration of a request as text: numbers and booleans are written out. Throws InvalidInputError
 * `connector-invalid` naming every property that is neither.
 */
export function textConfig(config: unknown): Record<string, string> {
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    throw invalidConfig([{ property: 'config', message: 'must be a JSON object of texts' }])
  const texts: Record<string, string> = {}
  const problems: PropertyProblem[] = []
  for (const [property, value] of Object.entries(config)) {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      texts[property] = String(value)
    else problems.push({ property, message: 'must be text' })
  }
  if (problems.length > 0) throw invalidConfig(problems)
  return texts
}

/** What is to say about a configuration that the archive shall keep: as of any, and of secrets that stand in it. */
export function judgeConfig(config: TextConfig, environment: Environment): CheckedConnector {
  const checked = checkConnector(config, environment)
  const literal = Object.entries(config)
    .filter(([name, value]) => isSecret(name) && value !== '' && !isReference(value))
    .map(([property]) => ({
      property,
      message: `is a secret, and configurations are kept in the archive; write \${env:NAME} and set NAME in the environment of every instance`,
    }))
  if (literal.length === 0) return checked
  return { ...checked, connector: null, problems: [...checked.problems, ...literal] }
}

/** The error for a configuration that is not taken, in Connect's words. */
export function invalidConfig(found: readonly PropertyProblem[]): InvalidInputError {
  const problems = found.map(({ property, message }) => `${property}: ${message}`)
  return new InvalidInputError(
    'connector-invalid',
    `Connector configuration is invalid and contains the following ${problems.length} error(s):\n${problems.join('\n')}`,
    {
      remedy:
        'You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`; docs/connectors.md has every property.',
      details: { problems },
    },
  )
}
