import { joinInts } from '../join-arrays.ts'
import type { BatchColumn, PageInfo, SegmentReader } from '../parquet/index.ts'
import type { RowBatch } from '../row-batch.ts'
import { noRows, takeRows } from '../take-rows.ts'

/**
 * Rows of a row group that may still be wanted. Columns are read one after the other, each only from pages that still
 * have such rows: values are never decoded for pages of which nothing is left, and of the others only the wanted are kept.
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

  /** How many rows are left. */
  get count(): number {
    return this.#left?.length ?? this.#pages.reduce((sum, { rows }) => sum + rows, 0)
  }

  /** Reads columns that were not read yet. */
  async read(columns: readonly BatchColumn[]): Promise<void> {
    if (this.#pages.length === 0 || columns.length === 0) return
    const placesIn = placesOf(this.#left)
    const read = await this.#reader.readPages(this.#group, this.#pages, columns, (_, page) => placesIn(page))
    this.#rows = withColumns(this.#rows, read, columns)
  }

  /** Reads a column that was not read yet, and drops the rows that fail a test of it; they are tested in ascending order. */
  async keep(column: BatchColumn, test: (rows: RowBatch, row: number) => boolean): Promise<void> {
    if (this.#pages.length === 0) return
    const placesIn = placesOf(this.#left)
    const pages: PageInfo[] = []
    /** Of each page, the rows that pass: their numbers within the row group, and among those that were left. */
    const numbers: Int32Array[] = []
    const positions: Int32Array[] = []
    let before = 0
    const read = await this.#reader.readPages(this.#group, this.#pages, [column], (rows, page) => {
      const left = placesIn(page)
      const passing = positionsOf(left?.length ?? page.rows, (position) => test(rows, left?.[position] ?? position))
      const places = left === null ? passing : passing.map((position) => left[position]!)
      positions.push(passing.map((position) => before + position))
      before += left?.length ?? page.rows
      if (places.length > 0) {
        pages.push(page)
        numbers.push(places.map((place) => page.firstRow + place))
      }
      return places.length === page.rows ? null : places
    })
    this.#pages = pages
    this.#left = joinInts(numbers)
    this.#rows = withColumns(takeRows(this.#rows, joinInts(positions)), read, [column])
  }
}

/** Where within a page the rows with these ascending numbers are; null: all rows of it. Pages have to be asked for in order. */
function placesOf(numbers: Int32Array | null): (page: PageInfo) => Int32Array | null {
  let at = 0
  return ({ firstRow, rows }) => {
    if (numbers === null) return null
    const from = at
    while (at < numbers.length && numbers[at]! < firstRow + rows) at++
    return numbers.subarray(from, at).map((number) => number - firstRow)
  }
}

/** The numbers below `count` that pass, ascending. */
function positionsOf(count: number, passes: (position: number) => boolean): Int32Array {
  const positions = new Int32Array(count)
  let found = 0
  for (let position = 0; position < count; position++) if (passes(position)) positions[found++] = position
  return positions.slice(0, found)
}

function withColumns(rows: RowBatch, read: RowBatch, columns: readonly BatchColumn[]): RowBatch {
  const has = (column: BatchColumn): RowBatch => (columns.includes(column) ? read : rows)
  return {
    rows: read.rows,
    partition: read.partition,
    offset: has('offset').offset,
    timestampMicros: has('timestamp').timestampMicros,
    key: has('key').key,
    value: has('value').value,
    headers: has('headers').headers,
  }
}
