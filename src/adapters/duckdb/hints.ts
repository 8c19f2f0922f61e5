import { InvalidInputError } from '../../errors.ts'
import { ROW_COLUMNS } from '../../format/row-columns.ts'
import { quoteIdentifier } from '../../format/sql-quote.ts'
import type { ArchiveTable } from '../../ports/query-engine.ts'
import type { UnknownNameError } from './errors.ts'

const MAX_NAMES = 20

/** The error of an unknown table, with the topics there are. */
export function withTopics(error: UnknownNameError, topics: readonly string[]): InvalidInputError {
  if (topics.length === 0)
    return explained(error, 'Nothing is archived yet: run `coldstream capture <connector.json>`.')
  const shown = topics.slice(0, MAX_NAMES).map(asWritten)
  const rest = topics.length > MAX_NAMES ? ` and ${topics.length - MAX_NAMES} more (coldstream topics)` : ''
  return explained(error, `Archived topics: ${shown.join(', ')}${rest}.`)
}

/** The error of an unknown column, with those of the tables that the statement reads. */
export function withColumns(error: UnknownNameError, tables: readonly ArchiveTable[]): InvalidInputError {
  const names = [...ROW_COLUMNS.map(({ name }) => name), ...new Set(tables.flatMap((table) => table.partitionColumns))]
  return explained(
    error,
    `Columns of a topic: ${names.join(', ')}. A field of a JSON value is json_extract_scalar(from_utf8(record_value), '$.field').`,
  )
}

function explained(error: UnknownNameError, remedy: string): InvalidInputError {
  return new InvalidInputError(error.code, error.message, { remedy, details: error.details })
}

/** As one has to write it in SQL. */
function asWritten(topic: string): string {
  return /^[a-z_][a-z0-9_]*$/i.test(topic) ? topic : quoteIdentifier(topic)
}
