import type { BatchColumn, PageInfo, SegmentReader } from '../../../format/parquet/index.ts'
import type { RowBatch } from '../../../format/row-batch.ts'
import { noRows, takeRows } from '../../../format/take-rows.ts'

/**
 * Rows of a row group that may still be wanted. Columns are read one after the other, each only from pages that still
 * have such rows: values are never decoded for pages of which nothing is left.
 */
export class Narrowing {
  readonly #reader: SegmentReader
  readonly #group: number
  #pages: readonly PageInfo[]
  /** Numbers within the row group of the rows that are left; null: all rows of the pages. */
  #left: Int32Array | null = null
  /** The columns read so far, of the rows that are left. */
  #rows: RowBatch

  constructor(reader: SegmentReader, group: number, pages: readonly PageInfo[]) {
    this.#reader = reader
    this.#group = group
    this.#pages = pages
    this.#rows = noRows(reader.identity.partition)
  }

  get rows(): RowBatch {
    return this.#rows
  }

  /** Reads columns that were not read yet. */
  async read(columns: readonly BatchColumn[]): Promise<void> {
    if (this.#pages.length === 0 || columns.length === 0) return
    const read = await this.#reader.readPages(this.#group, this.#pages, columns)
    const rows = this.#left === null ? read : takeRows(read, placesIn(this.#pages, this.#left))
    const has = (column: BatchColumn): RowBatch => (columns.includes(column) ? rows : this.#rows)
    this.#rows = {
      rows: rows.rows,
      partition: rows.partition,
      offset: has('offset').offset,
      timestampMicros: has('timestamp').timestampMicros,
      key: has('key').key,
      value: has('value').value,
      headers: has('headers').headers,
    }
  }

  /** Drops the rows that fail a test of columns that were read; rows are tested in ascending order. */
  keep(test: (rows: RowBatch, row: number) => boolean): void {
    const rows = this.#rows
    const kept = new Int32Array(rows.rows)
    let count = 0
    for (let row = 0; row < rows.rows; row++) if (test(rows, row)) kept[count++] = row
    if (count === rows.rows) return
    const places = kept.subarray(0, count)
    const left = this.#left ?? rowsOf(this.#pages)
    this.#left = places.map((place) => left[place]!)
    this.#pages = pagesWith(this.#pages, this.#left)
    this.#rows = takeRows(rows, places)
  }
}

/** Numbers of all rows of the pages. */
function rowsOf(pages: readonly PageInfo[]): Int32Array {
  const numbers = new Int32Array(pages.reduce((sum, { rows }) => sum + rows, 0))
  let at = 0
  for (const { firstRow, rows } of pages) for (let row = 0; row < rows; row++) numbers[at++] = firstRow + row
  return numbers
}

/** Where the rows with these numbers are when all rows of the pages stand one after the other. */
function placesIn(pages: readonly PageInfo[], numbers: Int32Array): Int32Array {
  const places = new Int32Array(numbers.length)
  let before = 0
  let at = 0
  for (const { firstRow, rows } of pages) {
    for (; at < numbers.length && numbers[at]! < firstRow + rows; at++) places[at] = before + numbers[at]! - firstRow
    before += rows
  }
  return places
}

/** The pages that hold some of the rows with these numbers. */
function pagesWith(pages: readonly PageInfo[], numbers: Int32Array): PageInfo[] {
  let at = 0
  return pages.filter(({ firstRow, rows }) => {
    const from = at
    while (at < numbers.length && numbers[at]! < firstRow + rows) at++
    return at > from
  })
}
