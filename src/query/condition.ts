import { InvalidInputError } from '../errors.ts'
import { ROW_COLUMNS } from '../format/row-columns.ts'
import type { QueryColumn } from '../ports/query-engine.ts'

/** Selects partitions and offsets of rows that meet a condition, which has to have passed the other two statements before. */
export function pickStatement(condition: string, table: string): string {
  return `SELECT record_partition, record_offset FROM ${table} WHERE (\n${condition}\n)`
}

/**
 * Text that is no single expression may leave the brackets it is put in: `true) UNION SELECT 5 --`. So it has to pass
 * between two kinds of them. What leaves one kind does not parse in the other; and `WHEN` takes no list, `WHERE` no
 * aggregates.
 */
export function guardStatement(condition: string, table: string): string {
  return `SELECT record_offset FROM ${table} WHERE CASE WHEN\n${condition}\nTHEN true ELSE false END`
}

/** The other kind; its one column says which type the condition has. */
export function typeStatement(condition: string, table: string): string {
  return `SELECT ARRAY[\n${condition}\n] AS judged FROM ${table}`
}

/** Throws InvalidInputError `sql-invalid` unless the condition, whose typeStatement gave these columns, is one. */
export function checkType(columns: readonly QueryColumn[]): void {
  const types = columns.map(({ type }) => type)
  if (types.length === 1 && /^(boolean\[\]|array\(boolean\))$/i.test(types[0]!)) return
  const what = types.length === 1 ? `of type ${types[0]!.replace(/\[\]$/, '')}, not BOOLEAN` : 'several expressions'
  throw new InvalidInputError('sql-invalid', `The condition is ${what}.`, { remedy })
}

/** The error of a statement around a condition, told of the condition: places count in its own text. */
export function ofCondition(error: unknown, condition: string, table: string): unknown {
  if (!(error instanceof InvalidInputError) || !['sql-invalid', 'sql-forbidden'].includes(error.code)) return error
  const isOwn = error.code === 'sql-invalid' && !`${error.message}${error.remedy}`.includes(table)
  const { place, isAtEnd } = placeIn(condition, error.details)
  const message = isAtEnd ? 'the condition ends too early' : withoutFrame(error.message, isOwn)
  const where = place === null ? '' : `line ${place.line}, column ${place.column}: `
  return new InvalidInputError(error.code, `${where}${message}`, {
    remedy: isOwn ? error.remedy : remedy,
    details: place ?? {},
  })
}

/** Without the place, and without what the engine quotes or proposes of the statement around the condition. */
function withoutFrame(message: string, isOwn: boolean): string {
  const said = message.replace(/^line \d+, column \d+: /, '').replace(/ at or near "[^\n]*\n.*$/s, '')
  return isOwn ? said : said.split(/\n| at or near "/)[0]!
}

const remedy = `Write one condition over ${ROW_COLUMNS.map(({ name }) => name).join(', ')}, for example json_extract_scalar(from_utf8(record_value), '$.status') = 'paid'.`

/** A place in the statement as one in the condition, which begins on the second line. */
function placeIn(
  condition: string,
  { line, column }: InvalidInputError['details'],
): { place: { line: number; column: number } | null; isAtEnd: boolean } {
  if (typeof line !== 'number' || typeof column !== 'number') return { place: null, isAtEnd: false }
  const lines = condition.split('\n')
  const isAtEnd = line - 1 > lines.length
  if (isAtEnd) return { place: { line: lines.length, column: [...lines.at(-1)!].length + 1 }, isAtEnd }
  return { place: line < 2 ? { line: 1, column: 1 } : { line: line - 1, column }, isAtEnd }
}
