import * as errors from '../../../errors.ts'

/** An error in plain data, since cloning one between threads leaves of its class and fields nothing but the message. */
export interface ErrorMessage {
  message: string
  stack: string | undefined
  /** Null for an error that was not raised on purpose. */
  coldstream: { class: ErrorClass; code: string; remedy: string; details: errors.ColdstreamError['details'] } | null
}

const classes = {
  InvalidInputError: errors.InvalidInputError,
  UnauthorizedError: errors.UnauthorizedError,
  NotFoundError: errors.NotFoundError,
  GoneError: errors.GoneError,
  ConflictError: errors.ConflictError,
  DamagedDataError: errors.DamagedDataError,
  LimitError: errors.LimitError,
  UnavailableError: errors.UnavailableError,
  FencedError: errors.FencedError,
  AbortedError: errors.AbortedError,
}
type ErrorClass = keyof typeof classes

export function toErrorMessage(error: unknown): ErrorMessage {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined, coldstream: null }
  const { message, stack } = error
  if (!(error instanceof errors.ColdstreamError)) return { message, stack, coldstream: null }
  const { code, remedy, details } = error
  const known = Object.keys(classes).find((name): name is ErrorClass => name === error.name)
  if (known === undefined) throw new TypeError(`${error.name} is no class of errors.ts`)
  return { message, stack, coldstream: { class: known, code, remedy, details } }
}

/** The error as it was raised, with the stack of the thread that raised it. */
export function fromErrorMessage({ message, stack, coldstream }: ErrorMessage): Error {
  const error =
    coldstream === null
      ? new Error(message)
      : new classes[coldstream.class](coldstream.code, message, {
          remedy: coldstream.remedy,
          details: coldstream.details,
        })
  if (stack !== undefined) error.stack = stack
  return error
}
