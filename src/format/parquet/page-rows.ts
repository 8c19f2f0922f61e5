import type { ParquetCodec } from '../log-entry.ts'
import type { BinaryColumn, RowBatch } from '../row-batch.ts'
import { binariesOf, headersOf, longsOf } from './column-reader.ts'
import { type DecodedPage, decodePage, storedPages } from './page-reader.ts'
import type { Column } from './schema.ts'

/** Pages of a column, or all of its chunk, as they are stored. */
export interface StoredColumn {
  column: Column
  stored: Buffer
  codec: ParquetCodec
  /** Null when only the pages say. */
  entries: number | null
}

/** Pages of columns with the same rows; columns that were not asked for have none. */
export type ColumnPages = ReadonlyMap<Column, readonly DecodedPage[]>

/** Decompresses all pages of a column. Throws as `storedPages` and `decodePage`. */
export async function decodePages(column: StoredColumn, path: string): Promise<DecodedPage[]> {
  const { stored, codec, entries } = column
  return await Promise.all([...storedPages(stored, entries, path)].map((page) => decodePage(page, codec)))
}

/**
 * Decompresses pages whose rows end together in all columns one after the other, each while the one before it is looked
 * at. Throws as `decodePages`, and RangeError when some columns have more pages than others.
 */
export async function* decodePageByPage(
  columns: readonly StoredColumn[],
  path: string,
): AsyncGenerator<ColumnPages, void, undefined> {
  const walks = columns.map(({ column, stored, codec, entries }) => ({
    ...{ column, codec },
    pages: storedPages(stored, entries, path),
  }))
  const decodeNext = async (): Promise<ColumnPages> => {
    const decoded = new Map<Column, DecodedPage[]>()
    await Promise.all(
      walks.map(async ({ column, codec, pages }) => {
        const next = pages.next()
        if (!next.done) decoded.set(column, [await decodePage(next.value, codec)])
      }),
    )
    if (decoded.size > 0 && decoded.size < columns.length) throw new RangeError('columns have not as many pages')
    return decoded
  }
  for (let ahead = settled(decodeNext()); ; ) {
    const result = await ahead
    if (result.status === 'rejected') throw result.reason
    if (result.value.size === 0) return
    ahead = settled(decodeNext())
    yield result.value
  }
}

/** The rows of decompressed pages, page after page. Throws RangeError when they do not hold together. */
export function rowsOf(pages: ColumnPages, rows: number, partition: number): RowBatch {
  const [offset, timestamp, key, value] = (['offset', 'timestamp', 'key', 'value'] as const).map((name) =>
    pages.get(name),
  )
  const headerKey = pages.get('headerKey')
  const headerValue = pages.get('headerValue')
  return {
    rows,
    partition,
    offset: offset ? longsOf(offset, rows) : new BigInt64Array(0),
    timestampMicros: timestamp ? longsOf(timestamp, rows) : new BigInt64Array(0),
    key: key ? binariesOf(key, rows) : emptyColumn(),
    value: value ? binariesOf(value, rows) : emptyColumn(),
    headers:
      headerKey && headerValue
        ? headersOf(headerKey, headerValue, rows)
        : { first: new Int32Array(0), keys: emptyColumn(), values: emptyColumn() },
  }
}

/** What fails ahead of its turn is no unhandled rejection. */
export async function settled<T>(work: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.allSettled([work])
  return result
}

function emptyColumn(): BinaryColumn {
  return { bytes: Buffer.alloc(0), start: new Int32Array(0), length: new Int32Array(0) }
}
