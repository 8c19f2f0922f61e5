import { type TSchema, Type } from 'typebox'

/**
 * What Coldstream adds to a property's JSON schema: the environment variable that sets it, whether it must not be
 * printed, whether it is a path (taken relative to the file that sets it), and what a default that depends on the
 * machine is called in the reference.
 */
export interface PropertyNotes {
  env?: string
  secret?: true
  path?: true
  defaultText?: string
  /** What the value has to be, where `pattern` says it in no human way. */
  expected?: string
}

/** Bytes of a mebibyte. */
export const MiB = 1024 * 1024
/** Bytes of a gibibyte. */
export const GiB = 1024 * MiB

/** Properties under one heading; any other is refused. */
export const section = <P extends Record<string, TSchema>>(description: string, properties: P) =>
  Type.Object(properties, { description, additionalProperties: false })

/** A number of bytes or rows, with its default. */
export const bytes = (options: PropertyNotes & { description: string; default: number; minimum: number }) =>
  Type.Integer({ maximum: Number.MAX_SAFE_INTEGER, ...options })

/** A text that may be left out, but not be empty. */
export const text = (options: PropertyNotes & { description: string }) =>
  Type.Optional(Type.String({ minLength: 1, ...options }))
