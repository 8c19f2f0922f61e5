import { DamagedDataError } from '../errors.ts'

/**
 * Reads a stored JSON object field by field and believes none of them: whatever is missing, of another type or out of
 * range raises DamagedDataError with the given code, naming the object and the field.
 */
export class JsonFields {
  readonly #where: string
  readonly #code: string
  readonly #path: string
  readonly #fields: Readonly<Record<string, unknown>>

  private constructor(code: string, where: string, path: string, value: unknown) {
    this.#code = code
    this.#where = where
    this.#path = path
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.#damaged('is no JSON object')
    this.#fields = Object.fromEntries(Object.entries(value))
  }

  /** Parses the bytes of the object `where`. */
  static parse(code: string, where: string, bytes: Uint8Array): JsonFields {
    let value: unknown
    try {
      value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    } catch (error) {
      throw new DamagedDataError(code, `${where} is not JSON`, {
        remedy: REMEDY,
        cause: error,
        details: { object: where },
      })
    }
    return new JsonFields(code, where, '', value)
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#fields, name) && this.#fields[name] !== null
  }

  text(name: string): string {
    const value = this.#own(name)
    if (typeof value !== 'string') throw this.damaged(name, 'is no text')
    return value
  }

  /** A text that is one of `values`. */
  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const value = this.text(name)
    const known = values.find((candidate) => candidate === value)
    if (known === undefined) throw this.damaged(name, `is none of ${values.join(', ')}`)
    return known
  }

  flag(name: string): boolean {
    const value = this.#own(name)
    if (typeof value !== 'boolean') throw this.damaged(name, 'is not true or false')
    return value
  }

  /** An object whose fields are all text. */
  texts(name: string): Record<string, string> {
    const fields = this.object(name)
    return Object.fromEntries(Object.keys(fields.#fields).map((key) => [key, fields.text(key)]))
  }

  /** A whole number that is not negative. */
  count(name: string): number {
    const value = this.#own(name)
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw this.damaged(name, 'is no count')
    return value
  }

  /** A whole number. */
  integer(name: string): number {
    const value = this.#own(name)
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw this.damaged(name, 'is no whole number')
    return value
  }

  /** An offset: a decimal string from 0 to 2^63 - 1. */
  offset(name: string): bigint {
    const value = this.text(name)
    const offset = /^(0|[1-9][0-9]{0,18})$/.test(value) ? BigInt(value) : -1n
    if (offset < 0n || offset > MAX_OFFSET) throw this.damaged(name, 'is no offset')
    return offset
  }

  object(name: string): JsonFields {
    return new JsonFields(this.#code, this.#where, this.#at(name), this.#own(name))
  }

  list<T>(name: string, read: (item: JsonFields) => T): T[] {
    const value = this.#own(name)
    if (!Array.isArray(value)) throw this.damaged(name, 'is no list')
    return value.map((item: unknown, i) =>
      read(new JsonFields(this.#code, this.#where, `${this.#at(name)}[${i}]`, item)),
    )
  }

  /** A list of texts. */
  textList(name: string): string[] {
    const value = this.#own(name)
    if (!Array.isArray(value)) throw this.damaged(name, 'is no list')
    return value.map((item: unknown) => {
      if (typeof item !== 'string') throw this.damaged(name, 'holds what is no text')
      return item
    })
  }

  /** The value as it stands there, for someone who reads it with rules of their own. */
  raw(name: string): unknown {
    return this.#own(name)
  }

  /** The error to raise when a field's value makes no sense. */
  damaged(name: string, problem: string): DamagedDataError {
    return this.#damaged(`${problem} at ${this.#at(name)}`)
  }

  #damaged(problem: string): DamagedDataError {
    const at = this.#path === '' ? '' : `${this.#path}: `
    return new DamagedDataError(this.#code, `${this.#where}: ${at}${problem}`, {
      remedy: REMEDY,
      details: { object: this.#where },
    })
  }

  #own(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined
  }

  #at(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`
  }
}

const REMEDY = 'Restore this object from a backup or an older version in the object store, then run verify.'
const MAX_OFFSET = 2n ** 63n - 1n
