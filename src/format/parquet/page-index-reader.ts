import type { ByteRange } from './byte-ranges.ts'
import { readThriftStruct } from './thrift-struct.ts'

/** Where a page is, and the number of its first row within the row group. */
export interface PagePlace extends ByteRange {
  firstRow: number
}

/** What a column index says of a page. */
export interface PageValues {
  /** Null when all values of the page are null. */
  min: Buffer | null
  max: Buffer | null
  nulls: number
}

/**
 * Reads an OffsetIndex (https://github.com/apache/parquet-format/blob/master/PageIndex.md). Throws RangeError unless its
 * pages are exactly `chunk` and hold `rows` rows, each page some.
 */
export function readOffsetIndex(bytes: Buffer, chunk: ByteRange, rows: number): PagePlace[] {
  let next = chunk.startByte
  const pages = wholeStruct(bytes)
    .structs(1)
    .map((page): PagePlace => {
      const startByte = page.size(1)
      const length = page.int(2)
      if (startByte !== next || length < 1) throw new RangeError('the pages of a column do not follow one another')
      next += length
      return { startByte, endByte: next, firstRow: page.size(3) }
    })
  const ascends = pages.every(({ firstRow }, i) => firstRow < (pages[i + 1]?.firstRow ?? rows))
  if (next !== chunk.endByte || pages[0]?.firstRow !== 0 || !ascends) {
    throw new RangeError('the pages of a column are not those of its row group')
  }
  return pages
}

/** Reads a ColumnIndex of `pages` pages. */
export function readColumnIndex(bytes: Buffer, pages: number): PageValues[] {
  const index = wholeStruct(bytes)
  const allNull = index.booleans(1)
  const min = index.byteStrings(2)
  const max = index.byteStrings(3)
  const nulls = index.counts(5)
  if ([allNull, min, max, nulls].some((list) => list.length !== pages)) {
    throw new RangeError('a column index has bounds of another number of pages')
  }
  return allNull.map((none, i) => ({ min: none ? null : min[i]!, max: none ? null : max[i]!, nulls: nulls[i]! }))
}

function wholeStruct(bytes: Buffer) {
  const { struct, end } = readThriftStruct(bytes, 0)
  if (end !== bytes.length) throw new RangeError('a page index does not end where it should')
  return struct
}
