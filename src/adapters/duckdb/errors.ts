import { type ColdstreamError, DamagedDataError, InvalidInputError, UnavailableError } from '../../errors.ts'
import type { Failure } from './protocol.ts'

/** What DuckDB refused for an unknown name, so that the caller who knows the names can add them. */
export class UnknownNameError extends InvalidInputError {
  readonly missing: NonNullable<Failure['missing']>

  constructor(message: string, failure: Failure, missing: NonNullable<Failure['missing']>) {
    super('sql-invalid', message, { remedy: 'Correct the name.', details: failure.position ?? {} })
    this.missing = missing
  }
}

/** A child's failure as an error of Coldstream's. */
export function toError(failure: Failure): ColdstreamError {
  const { position } = failure
  const message =
    position === null ? failure.message : `line ${position.line}, column ${position.column}: ${failure.message}`
  const details = position ?? {}
  switch (failure.reason) {
    case 'sql':
      if (failure.missing !== null) return new UnknownNameError(message, failure, failure.missing)
      return new InvalidInputError('sql-invalid', message, { remedy: 'Correct the statement (DuckDB SQL).', details })
    case 'forbidden':
      return new InvalidInputError('sql-forbidden', message, {
        remedy: 'Write one SELECT over the archived topics; nothing else can be read, written or set from a query.',
        details,
      })
    case 'memory':
      return new InvalidInputError('query-memory', message, {
        remedy: 'Narrow the time window, select fewer columns, add a LIMIT, or raise the memory limit of queries.',
      })
    case 'unreadable':
      return new DamagedDataError('segment-unreadable', message, {
        remedy: 'Run `coldstream verify <topic>`: it names what is damaged or missing in the archive.',
      })
    case 'internal':
      return new UnavailableError('query-engine-failed', message, {
        remedy: 'The service is not affected. Simplify the statement; if it is sound, report it as a fault.',
      })
  }
}
