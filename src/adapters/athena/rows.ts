import type { ColumnInfo, GetQueryResultsCommandOutput, Row } from '@aws-sdk/client-athena'
import { UnavailableError } from '../../errors.ts'
import type { AthenaApi } from './api.ts'
import { csvRows } from './csv.ts'
import type { ResultObjects } from './result-objects.ts'

/** Rows as Athena tells them: every value as text. */
export type TextRow = readonly (string | null)[]

/** Rows of one batch from a result object. */
const BATCH = 1000

/** Where a query's rows are. */
export interface ResultPlace {
  id: string
  /** The object they were written to; null where Athena keeps it to itself. */
  url: string | null
}

/** The first page, which also tells the columns. */
export interface FirstPage {
  columns: readonly ColumnInfo[]
  rows: readonly TextRow[]
  next: string | undefined
}

export async function firstPage(api: AthenaApi, id: string, signal: AbortSignal): Promise<FirstPage> {
  const page = await api.page(id, undefined, signal)
  const columns = page.ResultSet?.ResultSetMetadata?.ColumnInfo ?? []
  const rows = rowsOf(page)
  return { columns, rows: isHeader(rows[0], columns) ? rows.slice(1) : rows, next: page.NextToken }
}

/**
 * All rows, in batches. Behind the first page they come from the result object, in one request; page by page, a thousand
 * rows each, only where the object cannot be read.
 */
export async function* batchesOf(
  parts: { api: AthenaApi; objects: ResultObjects },
  place: ResultPlace,
  first: FirstPage,
  signal: AbortSignal,
): AsyncGenerator<readonly TextRow[]> {
  if (first.rows.length > 0) yield first.rows
  if (first.next === undefined) return
  const object = place.url?.endsWith('.csv') ? await openIfAllowed(parts.objects, place.url, signal) : null
  if (object === null) yield* furtherPages(parts.api, place.id, first.next, signal)
  else yield* objectBatches(object, 1 + first.rows.length, signal)
}

async function* furtherPages(api: AthenaApi, id: string, token: string, signal: AbortSignal) {
  for (let next: string | undefined = token; next !== undefined; ) {
    const page = await api.page(id, next, signal)
    const rows = rowsOf(page)
    if (rows.length > 0) yield rows
    next = page.NextToken
  }
}

/** A role may be allowed to ask Athena, but not to read the bucket: pages serve as well. */
async function openIfAllowed(objects: ResultObjects, url: string, signal: AbortSignal) {
  try {
    return await objects.open(url, signal)
  } catch (error) {
    if (error instanceof UnavailableError && !signal.aborted) return null
    throw error
  }
}

/** `skip`: the header, and the rows that were read before. */
async function* objectBatches(object: AsyncIterable<Uint8Array>, skip: number, signal: AbortSignal) {
  let batch: TextRow[] = []
  let left = skip
  try {
    for await (const row of csvRows(object)) {
      signal.throwIfAborted()
      if (left > 0) left -= 1
      else if (batch.push(row) === BATCH) {
        yield batch
        batch = []
      }
    }
  } catch (error) {
    signal.throwIfAborted()
    throw new UnavailableError('query-engine-failed', `The result could not be read to its end: ${String(error)}`, {
      remedy: 'Run the query again.',
      cause: error,
    })
  }
  if (batch.length > 0) yield batch
}

function rowsOf(page: GetQueryResultsCommandOutput): TextRow[] {
  return (page.ResultSet?.Rows ?? []).map(textRow)
}

function textRow(row: Row): TextRow {
  return (row.Data ?? []).map(({ VarCharValue }) => VarCharValue ?? null)
}

/** Selects have their column names as the first row, other statements have not. */
function isHeader(row: TextRow | undefined, columns: readonly ColumnInfo[]): boolean {
  return row !== undefined && row.length === columns.length && columns.every(({ Name }, index) => row[index] === Name)
}
