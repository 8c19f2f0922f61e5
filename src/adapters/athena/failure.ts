import type { QueryExecutionStatus } from '@aws-sdk/client-athena'
import {
  AbortedError,
  type ColdstreamError,
  DamagedDataError,
  InvalidInputError,
  UnavailableError,
} from '../../errors.ts'
import { ROW_COLUMNS } from '../../format/row-columns.ts'

/** Why a query that Athena took did not succeed. */
export interface EndedExecution {
  id: string
  status: QueryExecutionStatus
}

interface Diagnosis {
  when: RegExp
  code: string
  remedy: string
  kind: 'input' | 'damaged' | 'aborted' | 'unavailable'
}

const columns = ROW_COLUMNS.map(({ name }) => name).join(', ')

/** Looked for in Athena's reason; the first that fits is told. */
const diagnoses: readonly Diagnosis[] = [
  {
    when: /bytes scanned limit/i,
    code: 'query-scan-limit',
    remedy:
      'Narrow the time window by the partition columns, select fewer columns, or raise the limit of the workgroup.',
    kind: 'input',
  },
  {
    when: /TABLE_NOT_FOUND|SCHEMA_NOT_FOUND|(Table|Schema) .* (does not exist|not found)/i,
    code: 'sql-invalid',
    remedy:
      'Create the table: `coldstream ddl <topic> --engine athena` prints its statements. Names are those of the catalog, in lower case.',
    kind: 'input',
  },
  {
    when: /COLUMN_NOT_FOUND|Column .* cannot be resolved/i,
    code: 'sql-invalid',
    remedy: `Columns of a topic: ${columns}, and its partition columns. A field of a JSON value is json_extract_scalar(from_utf8(record_value), '$.field').`,
    kind: 'input',
  },
  {
    when: /EXCEEDED_(LOCAL_|GLOBAL_)?MEMORY_LIMIT|exhausted resources/i,
    code: 'query-memory',
    remedy: 'Narrow the time window, select fewer columns, drop an ORDER BY without LIMIT, or group by less.',
    kind: 'input',
  },
  {
    when: /EXCEEDED_TIME_LIMIT|Query timeout/i,
    code: 'query-timeout',
    remedy: 'Narrow the time window, select fewer columns, or ask AWS for a longer DML query timeout.',
    kind: 'aborted',
  },
  {
    when: /access denied|insufficient permissions|not authorized to perform|AccessDenied|PERMISSION_DENIED/i,
    code: 'athena-access-denied',
    remedy:
      'Compare the role with the policy in docs/athena.md: catalog, data and result bucket each need their permissions.',
    kind: 'unavailable',
  },
  {
    when: /HIVE_(BAD_DATA|CURSOR_ERROR|CANNOT_OPEN_SPLIT|FILE_NOT_FOUND)|ICEBERG_(BAD_DATA|CANNOT_OPEN_SPLIT|CURSOR_ERROR)/,
    code: 'segment-unreadable',
    remedy:
      'Run the query again: a file may have been replaced while it ran. If it fails again, `coldstream verify <topic>` names what is damaged or missing.',
    kind: 'damaged',
  },
  {
    when: /PARTITION|HIVE_INVALID_METADATA|HIVE_METASTORE_ERROR|ICEBERG_INVALID_METADATA/,
    code: 'athena-catalog',
    remedy: 'Compare the table in the catalog with what `coldstream ddl <topic> --engine athena` prints.',
    kind: 'unavailable',
  },
]

/** User errors by their Trino names; others of that category carry no position. */
const ofTheStatement =
  /^(SYNTAX_ERROR|TYPE_MISMATCH|MALFORMED_QUERY|FUNCTION_NOT_FOUND|INVALID_\w+|DIVISION_BY_ZERO|NUMERIC_VALUE_OUT_OF_RANGE|AMBIGUOUS_NAME|EXPRESSION_NOT_\w+|NOT_SUPPORTED|MISSING_\w+|DUPLICATE_\w+|MISMATCHED_\w+)|mismatched input|^line \d+:\d+/

/** Athena's reason as an error of Coldstream's, with the place in the statement where it is told. */
export function executionError({ id, status }: EndedExecution): ColdstreamError {
  const reason = status.StateChangeReason ?? status.AthenaError?.ErrorMessage ?? `it ended as ${status.State}`
  const place = placeIn(reason)
  const message = place === null ? reason : `line ${place.line}, column ${place.column}: ${place.rest}`
  const position: Record<string, number> = place === null ? {} : { line: place.line, column: place.column }
  const details = { ...position, engineQueryId: id }
  const known = diagnoses.find(({ when }) => when.test(reason)) ?? (isUserError(reason, status) ? statement : null)
  if (known !== null) return raise(known, message, details)
  if (status.State === 'CANCELLED') {
    return new AbortedError('query-cancelled', `The query was cancelled in Athena: ${message}`, {
      remedy: 'Somebody stopped it there. Run it again if you still need the answer.',
      details,
    })
  }
  return new UnavailableError('query-engine-failed', message, {
    remedy: status.AthenaError?.Retryable
      ? 'Athena says that the query may be tried again.'
      : `Look at query ${id} in the Athena console.`,
    details,
  })
}

function placeIn(reason: string): { line: number; column: number; rest: string } | null {
  const found = /line (\d+):(\d+):?\s*/.exec(reason)
  if (found === null) return null
  return { line: Number(found[1]), column: Number(found[2]), rest: reason.replace(found[0], '') }
}

const statement: Omit<Diagnosis, 'when'> = {
  code: 'sql-invalid',
  remedy: 'Correct the statement (Athena SQL, engine version 3).',
  kind: 'input',
}

/** Of Athena's categories, 2 is the user. */
function isUserError(reason: string, status: QueryExecutionStatus): boolean {
  return ofTheStatement.test(reason) || status.AthenaError?.ErrorCategory === 2
}

function raise(
  { code, remedy, kind }: Omit<Diagnosis, 'when'>,
  message: string,
  details: Record<string, string | number>,
): ColdstreamError {
  switch (kind) {
    case 'input':
      return new InvalidInputError(code, message, { remedy, details })
    case 'damaged':
      return new DamagedDataError(code, message, { remedy, details })
    case 'aborted':
      return new AbortedError(code, message, { remedy, details })
    case 'unavailable':
      return new UnavailableError(code, message, { remedy, details })
  }
}
