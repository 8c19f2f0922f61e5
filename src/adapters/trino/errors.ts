import {
  AbortedError,
  type ColdstreamError,
  DamagedDataError,
  InvalidInputError,
  UnauthorizedError,
  UnavailableError,
} from '../../errors.ts'
import { ROW_COLUMNS } from '../../format/row-columns.ts'
import type { TrinoError } from './wire.ts'

/** What Trino refused, in Coldstream's terms; places count in the statement as it was given. */
export function toError(error: TrinoError, linesBefore: number): ColdstreamError {
  const { errorName, errorType } = error
  const message = error.message.replace(/^line \d+:\d+: /, '')
  if (errorName === 'EXCEEDED_TIME_LIMIT') return new AbortedError('query-timeout', message, { remedy: narrower })
  if (errorName === 'USER_CANCELED') return cancelled()
  if (/MEMORY_LIMIT$|^CLUSTER_OUT_OF_MEMORY$/.test(errorName))
    return new InvalidInputError('query-memory', message, { remedy: narrower })
  if (errorName === 'PERMISSION_DENIED')
    return new InvalidInputError('sql-forbidden', message, {
      remedy: 'Let the Trino user of Coldstream read this table, or query one that it may read.',
    })
  if (/^(HIVE|ICEBERG)_(BAD_DATA|CURSOR_ERROR|CANNOT_OPEN_SPLIT|INVALID_METADATA|MISSING_DATA)$/.test(errorName))
    return new DamagedDataError('segment-unreadable', message, {
      remedy: 'Run `coldstream verify <topic>`: it names what is damaged or missing in the archive.',
    })
  if (errorType === 'USER_ERROR') return invalid(error, message, linesBefore)
  return new UnavailableError('query-engine-failed', `Trino: ${message} (${errorName})`, {
    remedy: "Try again; if it stays, look at the query in Trino's own log.",
    details: { errorName },
  })
}

function invalid({ errorName, errorLocation }: TrinoError, message: string, linesBefore: number): InvalidInputError {
  const remedy = hintOf(errorName)
  const line = (errorLocation?.lineNumber ?? 0) - linesBefore
  if (errorLocation === undefined || line < 1) return new InvalidInputError('sql-invalid', message, { remedy })
  const column = errorLocation.columnNumber
  return new InvalidInputError('sql-invalid', `line ${line}, column ${column}: ${message}`, {
    remedy,
    details: { line, column },
  })
}

function hintOf(errorName: string): string {
  switch (errorName) {
    case 'COLUMN_NOT_FOUND':
      return `Columns of a topic: ${ROW_COLUMNS.map(({ name }) => name).join(', ')}, and those of its path (year, month, day, hour). A field of a JSON value is json_extract_scalar(from_utf8(record_value), '$.field').`
    case 'TABLE_NOT_FOUND':
    case 'SCHEMA_NOT_FOUND':
    case 'CATALOG_NOT_FOUND':
      return 'Create the table of the topic with what `coldstream ddl <topic> --engine trino` prints, and check query.trino.catalog and query.trino.schema.'
    case 'TYPE_MISMATCH':
    case 'FUNCTION_NOT_FOUND':
      return 'Keys and values are bytes: from_utf8(record_value) is their text. Correct the statement (Trino SQL).'
    default:
      return 'Correct the statement (Trino SQL).'
  }
}

const narrower = 'Narrow the time window, select fewer columns, or raise the limit.'

export function timedOut(timeoutMs: number): AbortedError {
  const message = `The query was stopped: it took longer than ${timeoutMs / 1000} s.`
  return new AbortedError('query-timeout', message, {
    remedy: 'Narrow the time window, select fewer columns, or raise the time limit.',
  })
}

export function cancelled(): AbortedError {
  return new AbortedError('query-cancelled', 'The query was cancelled.', {
    remedy: 'Run it again if you still need the answer.',
  })
}

export function unreachable(url: string, cause: unknown): UnavailableError {
  return new UnavailableError('query-engine-failed', `Trino at ${url} cannot be reached.`, {
    remedy: 'Check query.trino.url, and that Trino is up.',
    cause,
  })
}

/** An answer that is none of the protocol's. */
export function refused(url: string, status: number, text: string): ColdstreamError {
  if (status === 401 || status === 403) {
    return new UnauthorizedError('query-engine-refused', `Trino at ${url} refused the user (HTTP ${status}).`, {
      remedy: 'Correct query.trino.user and query.trino.password or query.trino.accessToken.',
    })
  }
  return new UnavailableError('query-engine-failed', `Trino at ${url} answered HTTP ${status}: ${text.slice(0, 200)}`, {
    remedy: 'Check that query.trino.url is that of a Trino coordinator.',
  })
}
