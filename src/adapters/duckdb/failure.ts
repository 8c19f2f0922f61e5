import type { Failure } from './protocol.ts'

/** A failure on its way out of the child. */
export class StatementFailure extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

/** The failure behind an error that DuckDB (with `errors_as_json`) or the child itself threw while it ran `sql`. */
export function failureOf(error: unknown, sql: string, paths: ReadonlySet<string>): Failure {
  if (error instanceof StatementFailure) return error.failure
  const message = error instanceof Error ? error.message : String(error)
  const report = parseReport(message)
  if (report === null) return { reason: 'internal', message, position: null, missing: null }
  const names = [...report.message.matchAll(/[^\s"'`]+\.parquet/g)].map((match) => match[0])
  const unreadable = report.type === 'IO' || names.some((name) => paths.has(name))
  return {
    reason: unreadable && report.type !== 'Permission' ? 'unreadable' : reasonOf(report.type),
    message: report.message,
    position: report.position === null ? null : placeOf(sql, report.position),
    missing: missingOf(report),
  }
}

/** A failure that DuckDB's parser reports as a value (`json_serialize_sql` does not throw). */
export function parseFailure(message: string, position: string | undefined, sql: string): StatementFailure {
  return new StatementFailure({
    reason: 'sql',
    message,
    position: position === undefined ? null : placeOf(sql, Number(position)),
    missing: null,
  })
}

export function forbidden(message: string): StatementFailure {
  return new StatementFailure({ reason: 'forbidden', message, position: null, missing: null })
}

/** What went wrong before the statement was looked at; its text is not to blame. */
export function notOfTheStatement(failure: Failure): StatementFailure {
  const reason = failure.reason === 'unreadable' ? 'unreadable' : 'internal'
  return new StatementFailure({ reason, message: failure.message, position: null, missing: null })
}

interface Report {
  type: string
  message: string
  /** Byte of the statement's UTF-8 text. */
  position: number | null
  subtype: string | null
  kind: string | null
  name: string | null
}

/** DuckDB's JSON error; its C API puts the class before it at times (`Parser Error: {…}`). */
function parseReport(message: string): Report | null {
  const start = message.indexOf('{"exception_type"')
  if (start < 0) return null
  let fields: Record<string, unknown>
  try {
    fields = JSON.parse(message.slice(start)) as Record<string, unknown>
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
  const text = (name: string): string | null => (typeof fields[name] === 'string' ? fields[name] : null)
  const position = text('position')
  return {
    type: text('exception_type') ?? '',
    message: text('exception_message') ?? message,
    position: position === null ? null : Number(position),
    subtype: text('error_subtype'),
    kind: text('type'),
    name: text('name'),
  }
}

function reasonOf(type: string): Failure['reason'] {
  if (type === 'Permission') return 'forbidden'
  if (type === 'Out of Memory') return 'memory'
  if (type === 'INTERNAL' || type === 'FATAL' || type === 'Internal' || type === 'Fatal') return 'internal'
  return 'sql'
}

function missingOf(report: Report): Failure['missing'] {
  if (report.name === null) return null
  if (report.subtype === 'MISSING_ENTRY' && report.kind === 'Table') return { kind: 'table', name: report.name }
  if (report.subtype === 'COLUMN_NOT_FOUND') return { kind: 'column', name: report.name }
  return null
}

function placeOf(sql: string, byte: number): { line: number; column: number } {
  const before = Buffer.from(sql).subarray(0, byte).toString().split('\n')
  return { line: before.length, column: [...(before.at(-1) ?? '')].length + 1 }
}
