import type { ByteRange } from './byte-ranges.ts'
import { type PageValues, readColumnIndex, readOffsetIndex } from './page-index-reader.ts'
import { type Column, columnShapes, columns } from './schema.ts'
import type { RowBounds, RowGroupInfo } from './segment-footer.ts'

/** Rows whose pages end together in all columns: where these pages are, and what bounds the rows. */
export interface PageInfo extends RowBounds {
  /** Number of its first row within the row group. */
  firstRow: number
  chunks: Readonly<Record<Column, PageRange>>
}

/** Pages of a column. */
interface PageRange extends ByteRange {
  /** Null when only the pages say. */
  entries: number | null
}

/** The parts of a file's page index that are of a row group; empty when the file has none. */
export function pageIndexRanges({ chunks }: RowGroupInfo): ByteRange[] {
  const places = columns.map((column) => chunks[column].offsetIndex)
  if (!places.every(isPresent)) return []
  return [...places, ...boundedColumns.map((column) => chunks[column].columnIndex).filter(isPresent)]
}

/** Columns whose bounds are of use. */
const boundedColumns = ['offset', 'timestamp', 'key'] as const

/**
 * The pages of a row group, by the bytes of its `pageIndexRanges`; a group without an index counts as one page. Throws
 * RangeError when the index does not hold together or not with the footer.
 */
export function readPageMap(group: RowGroupInfo, stored: readonly Buffer[]): PageInfo[] {
  if (stored.length === 0) return [{ ...group, firstRow: 0 }]
  const places = columns.map((column, i) => readOffsetIndex(stored[i]!, group.chunks[column], group.rows))
  const firstRows = places[0]!.map(({ firstRow }) => firstRow)
  if (places.some((pages) => pages.map(({ firstRow }) => firstRow).join() !== firstRows.join())) {
    throw new RangeError('the pages of the columns do not end at the same rows')
  }
  let taken = columns.length
  const [offsets, timestamps, keys] = boundedColumns.map((column) =>
    group.chunks[column].columnIndex === null ? null : readColumnIndex(stored[taken++]!, firstRows.length),
  )
  const pages = firstRows.map((firstRow, page): PageInfo => {
    const rows = (firstRows[page + 1] ?? group.rows) - firstRow
    const [minOffset, maxOffset] = longBounds(offsets?.[page])
    const [minTimestampMicros, maxTimestampMicros] = longBounds(timestamps?.[page])
    const { min: minKey, max: maxKey, nulls: nullKeys } = keys?.[page] ?? unknown
    const chunks = {} as Record<Column, PageRange>
    columns.forEach((column, i) => {
      const { startByte, endByte } = places[i]![page]!
      chunks[column] = { startByte, endByte, entries: columnShapes[column].repeated ? null : rows }
    })
    const bounds = { minOffset, maxOffset, minTimestampMicros, maxTimestampMicros, minKey, maxKey, nullKeys }
    return { firstRow, rows, chunks, ...bounds }
  })
  checkBounds(pages, group)
  return pages
}

const unknown: PageValues = { min: null, max: null, nulls: 0 }

function longBounds(values: PageValues | undefined): [min: bigint, max: bigint] {
  const { min, max } = values ?? unknown
  if (min?.length !== 8 || max?.length !== 8) throw new RangeError('a bound of a 64-bit column has not 8 bytes')
  return [min.readBigInt64LE(), max.readBigInt64LE()]
}

/** No checksum guards the index, so what it says of the pages is held to what the footer says of the group. */
function checkBounds(pages: readonly PageInfo[], group: RowGroupInfo): void {
  const agree =
    pages[0]!.minOffset === group.minOffset &&
    pages.at(-1)!.maxOffset === group.maxOffset &&
    pages.every(({ minOffset, maxOffset }) => minOffset <= maxOffset) &&
    pages.slice(1).every(({ minOffset }, i) => minOffset > pages[i]!.maxOffset) &&
    least(pages.map((page) => page.minTimestampMicros)) === group.minTimestampMicros &&
    least(pages.map((page) => -page.maxTimestampMicros)) === -group.maxTimestampMicros
  if (!agree) throw new RangeError('the page index and the footer have other bounds')
}

function least(values: readonly bigint[]): bigint {
  return values.reduce((low, value) => (value < low ? value : low))
}

function isPresent<T>(value: T | null): value is T {
  return value !== null
}
