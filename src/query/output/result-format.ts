import type { QueryColumn, QueryValue } from '../../ports/query-engine.ts'
import { csvLine } from './csv.ts'
import { jsonRow, uniqueNames } from './json.ts'
import { parquetFile } from './parquet.ts'

/** Forms in which a whole result is written as it comes. */
export const STREAM_FORMATS = ['ndjson', 'csv', 'parquet', 'arrow'] as const
export type StreamFormat = (typeof STREAM_FORMATS)[number]

export const MEDIA_TYPES: Readonly<Record<StreamFormat, string>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
  arrow: 'application/vnd.apache.arrow.stream',
}

/** A result in a format, in pieces. */
export function writeResult(
  format: StreamFormat,
  columns: readonly QueryColumn[],
  batches: AsyncIterable<readonly QueryValue[][]>,
): AsyncGenerator<string | Uint8Array> {
  switch (format) {
    case 'ndjson':
      return ndjsonFile(columns, batches)
    case 'csv':
      return csvFile(columns, batches)
    case 'parquet':
      return parquetFile(columns, batches)
    case 'arrow':
      return arrowFile(columns, batches)
  }
}

/** With a line of the columns' names first. */
async function* csvFile(columns: readonly QueryColumn[], batches: AsyncIterable<readonly QueryValue[][]>) {
  yield csvLine(columns.map(({ name }) => name))
  for await (const rows of batches) yield rows.map(csvLine).join('')
}

/** An object a line, by the names of `uniqueNames`. */
async function* ndjsonFile(columns: readonly QueryColumn[], batches: AsyncIterable<readonly QueryValue[][]>) {
  const names = uniqueNames(columns)
  for await (const rows of batches) yield rows.map((row) => `${JSON.stringify(jsonRow(names, row))}\n`).join('')
}

/** The library costs 0.1 s of CPU and 20 MB: only for those who ask. */
async function* arrowFile(columns: readonly QueryColumn[], batches: AsyncIterable<readonly QueryValue[][]>) {
  const { arrowStream } = await import('./arrow.ts')
  yield* arrowStream(columns, batches)
}
