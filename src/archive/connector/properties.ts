import type { PropertyDefinition } from './definition.ts'
import { environmentVariableOf, isReference, isSecret } from './secrets.ts'

/** Something that keeps a connector from being taken. Never holds the value of a secret. */
export interface PropertyProblem {
  property: string
  /** The rest of a sentence that begins with the property. */
  message: string
}

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Properties that are no secrets themselves and may still be references: they travel with one. */
const mayRefer = new Set(['aws.access.key.id'])

/**
 * Reads typed properties out of a connector's configuration, in which Kafka Connect writes every value as text, and
 * collects every problem instead of stopping at the first.
 */
export class Properties {
  readonly problems: PropertyProblem[] = []
  readonly warnings: string[] = []
  readonly #values = new Map<string, string>()
  readonly #environment: Environment

  constructor(config: Readonly<Record<string, unknown>>, environment: Environment) {
    this.#environment = environment
    for (const [name, value] of Object.entries(config)) {
      if (typeof value === 'string') this.#values.set(name, value.trim())
      else if (typeof value === 'number' || typeof value === 'boolean') this.#values.set(name, String(value))
      else if (value !== null) this.problem(name, 'must be text, a number or a boolean')
    }
    for (const [name, value] of this.#values) {
      // anyone who may create a connector could else read any variable, out of a path or a message
      if (isReference(value) && !isSecret(name) && !mayRefer.has(name))
        this.problem(name, 'is a reference, which only secrets and aws.access.key.id may be; write the value')
    }
  }

  /** Names of all that are set. */
  names(): string[] {
    return [...this.#values.keys()].filter((name) => this.#values.get(name) !== '')
  }

  /** Whether it was written for the sink, so that it matters where the sink's defaults are others. */
  get isTheSinks(): boolean {
    return this.text('connector.class') !== null
  }

  problem(property: string, message: string): void {
    this.problems.push({ property, message })
  }

  /** The property as text, or null when it is absent or empty. */
  text(name: string): string | null {
    return this.#values.get(name) || null
  }

  /** As `text`, where `${env:NAME}` stands for an environment variable. */
  secret(name: string): string | null {
    const text = this.text(name)
    if (text === null || !isReference(text)) return text
    const variable = environmentVariableOf(text)
    if (variable === null) this.problem(name, `refers to a config provider that is not there; use \${env:NAME}`)
    else if (!this.#environment[variable])
      this.problem(name, `needs the environment variable ${variable}, which is not set`)
    return variable === null ? null : (this.#environment[variable] ?? null)
  }

  /** The property as a whole number of at least `min`, or null when it is absent. */
  integer(name: string, min: number): number | null {
    const text = this.text(name)
    if (text === null) return null
    const value = Number(text)
    if (Number.isSafeInteger(value) && value >= min) return value
    this.problem(name, `"${text}" is not a whole number of at least ${min}`)
    return null
  }

  /** As `integer`, where 0 or a negative number stands for "never". */
  interval(name: string): number | null {
    const value = this.integer(name, -1)
    return value === null || value <= 0 ? null : value
  }

  /** The property as true or false, or null when it is absent. */
  boolean(name: string): boolean | null {
    const text = this.text(name)?.toLowerCase()
    if (text === undefined || text === 'true' || text === 'false') return text === undefined ? null : text === 'true'
    this.problem(name, `"${text}" is not true or false`)
    return null
  }

  /** One of the given words; anything else is a problem that lists them. */
  oneOf<Word extends string>(name: string, words: readonly Word[], fallback: Word): Word {
    const text = this.text(name)
    if (text === null) return fallback
    const word = words.find((candidate) => candidate === text.toLowerCase())
    if (word !== undefined) return word
    this.problem(name, `"${text}" is not one of ${words.join(', ')}`)
    return fallback
  }

  /** Notes what a property's definition says of it, when it is set: that it is ignored, refused, or has another value than it may. */
  judge(name: string, definition: PropertyDefinition | null): void {
    const text = this.text(name)
    if (text === null) return
    if (definition === null) this.warnings.push(`${name} is not known here and is ignored`)
    else if (definition.standing === 'ignored') this.warnings.push(`${name} is ignored: ${definition.why}`)
    else if (definition.standing === 'refused') this.problem(name, `is not supported: ${definition.why}`)
    else if (definition.standing === 'same' && definition.values !== undefined && !isAmong(text, definition))
      this.problem(name, `"${text}" is not supported: ${definition.why}`)
  }
}

/** Whether a value is one that the definition names; classes count without their packages. */
function isAmong(text: string, { type, values }: PropertyDefinition): boolean {
  return values!.some((value) =>
    type === 'CLASS' ? simpleNameOf(value) === simpleNameOf(text) : value.toLowerCase() === text.toLowerCase(),
  )
}

/** The class without its package. */
export function simpleNameOf(className: string): string {
  return className.slice(className.lastIndexOf('.') + 1)
}
