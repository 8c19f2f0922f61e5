/**
 * Reads typed properties out of a connector's JSON, in which Kafka Connect writes every value as text, and collects
 * every problem instead of stopping at the first.
 */
export class Properties {
  readonly problems: string[] = []
  readonly warnings: string[] = []
  readonly #values = new Map<string, string>()
  readonly #read = new Set<string>()

  constructor(config: Readonly<Record<string, unknown>>) {
    for (const [name, value] of Object.entries(config)) {
      if (typeof value === 'string') this.#values.set(name, value.trim())
      else if (typeof value === 'number' || typeof value === 'boolean') this.#values.set(name, String(value))
      else if (value !== null) this.problems.push(`${name}: must be text, a number or a boolean`)
    }
  }

  /** The property as text, or null when it is absent or empty. */
  text(name: string): string | null {
    this.#read.add(name)
    return this.#values.get(name) || null
  }

  /** The property as a whole number of at least `min`, or null when it is absent. */
  integer(name: string, min: number): number | null {
    const text = this.text(name)
    if (text === null) return null
    const value = Number(text)
    if (Number.isSafeInteger(value) && value >= min) return value
    this.problems.push(`${name}: "${text}" is not a whole number of at least ${min}`)
    return null
  }

  /** As `integer`, where 0 or a negative number stands for "never". */
  interval(name: string): number | null {
    const value = this.integer(name, -1)
    return value !== null && value > 0 ? value : null
  }

  /** One of the given words; anything else is a problem that lists them. */
  oneOf<Word extends string>(name: string, words: readonly Word[], fallback: Word): Word {
    const text = this.text(name)
    if (text === null) return fallback
    const word = words.find((candidate) => candidate === text.toLowerCase())
    if (word !== undefined) return word
    this.problems.push(`${name}: "${text}" is not one of ${words.join(', ')}`)
    return fallback
  }

  /** A property whose last dotted part (a Java class name) must be `simpleName`. */
  requireClass(name: string, simpleName: string, why: string): void {
    const text = this.text(name)
    if (text !== null && simpleNameOf(text) !== simpleName) this.problems.push(`${name}: "${text}" ${why}`)
  }

  /** Notes a property that is understood and makes no difference here; says so when it is set. */
  ignore(name: string, why: string): void {
    const text = this.text(name)
    if (text !== null) this.warnings.push(`${name} is ignored: ${why}`)
  }

  /** Names of properties nobody asked for. */
  unread(): string[] {
    return [...this.#values.keys()].filter((name) => !this.#read.has(name))
  }
}

/** The class without its package. */
export function simpleNameOf(className: string): string {
  return className.slice(className.lastIndexOf('.') + 1)
}
