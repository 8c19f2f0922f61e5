import {
  AbortedError,
  ColdstreamError,
  DamagedDataError,
  GoneError,
  InvalidInputError,
  LimitError,
  NotFoundError,
  UnavailableError,
} from '../../errors.ts'
import type { RunError } from './run-record.ts'

const CLASSES = {
  AbortedError,
  DamagedDataError,
  GoneError,
  InvalidInputError,
  LimitError,
  NotFoundError,
  UnavailableError,
}

/** What a run's record says of the error that ended it. */
export function recordOfError(error: unknown): RunError {
  if (error instanceof ColdstreamError) {
    const { name: kind, code, message, remedy, details } = error
    return { kind, code, message, remedy, details }
  }
  return {
    kind: 'UnavailableError',
    code: 'query-failed',
    message: 'The service met an error of its own.',
    remedy: 'Look into its log.',
    details: {},
  }
}

/** The error again, of the same class. */
export function errorOfRecord({ kind, code, message, remedy, details }: RunError): ColdstreamError {
  const Class = Object.entries(CLASSES).find(([name]) => name === kind)?.[1] ?? UnavailableError
  return new Class(code, message, { remedy, details })
}
