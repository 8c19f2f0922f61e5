import { definitionOf } from './definitions.ts'

/** Properties of converters and clients that hold a secret, by the names that Kafka and its registries give them. */
const secretNames =
  /password|secret|jaas|credential|token|passphrase|private|user\.info|(keystore|truststore)\.(key|certificate)/i

const wholeReference = /^\$\{[a-zA-Z]+:[^}]+\}$/
const environmentReference = /^\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}$/

/** What is shown in the place of a secret; Kafka's word for it. */
export const HIDDEN = '[hidden]'

/** Whether the value of a property must not be shown nor logged. */
export function isSecret(name: string): boolean {
  if (definitionOf(name)?.type === 'PASSWORD') return true
  return !/^s3\.credentials\.provider\.class$/.test(name) && secretNames.test(name)
}

/** Whether a value names a secret instead of being one (`${env:NAME}`, and what other config providers take). */
export function isReference(value: string): boolean {
  return wholeReference.test(value)
}

/** The environment variable that `${env:NAME}` stands for, or null for any other text. */
export function environmentVariableOf(value: string): string | null {
  return environmentReference.exec(value)?.[1] ?? null
}

/**
 * A configuration as it may be shown: secrets are hidden, references to them are not, and neither are user and password
 * that stand in a URL.
 */
export function maskSecrets(config: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      isSecret(name) && value !== '' && !isReference(value) ? HIDDEN : value.replace(/\/\/[^/@\s]*@/g, `//${HIDDEN}@`),
    ]),
  )
}
