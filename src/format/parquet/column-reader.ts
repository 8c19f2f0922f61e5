import type { BinaryColumn, HeaderColumn } from '../row-batch.ts'
import { type ReadLevels, readLevels } from './levels.ts'
import type { DecodedPage } from './page-reader.ts'

/**
 * Turns decompressed pages into columns of a row batch. All functions throw RangeError when the pages do not hold
 * together.
 */

/** A required 64-bit column. */
export function longsOf(pages: readonly DecodedPage[], rows: number): BigInt64Array {
  const longs = new BigInt64Array(rows)
  const target = Buffer.from(longs.buffer)
  let at = 0
  for (const { body, entries } of pages) {
    if (body.length !== entries * 8) throw new RangeError('a page of 64-bit values has another size')
    at += body.copy(target, at)
  }
  if (at !== target.length) throw new RangeError(`a column has ${at / 8} values for ${rows} rows`)
  return longs
}

/** An optional column of byte strings. */
export function binariesOf(pages: readonly DecodedPage[], rows: number): BinaryColumn {
  const column = newColumn(pages, rows)
  const scan = new PlainScan(column)
  for (const { body, entries } of pages) {
    const levels = readLevels(body, 0, entries, 1, 1)
    scan.begin(body, levels.end)
    for (let from = 0, to = 0; from < entries; from = to) {
      to = endOfRun(levels, from, entries)
      if (levelAt(levels, from) === 1) scan.values(to - from)
      else scan.nulls(to - from)
    }
    scan.finish()
  }
  if (scan.at !== rows) throw new RangeError(`a column has ${scan.at} values and nulls for ${rows} rows`)
  return column
}

/** The two columns of the header list. */
export function headersOf(
  keyPages: readonly DecodedPage[],
  valuePages: readonly DecodedPage[],
  rows: number,
): HeaderColumn {
  const keys = readListLeaf(keyPages, rows, 1)
  const values = readListLeaf(valuePages, rows, 2)
  // The last one is how many there are.
  for (let row = 0; row <= rows; row++) {
    if (keys.first[row] !== values.first[row]) throw new RangeError('header keys and values do not match')
  }
  return { first: keys.first, keys: cut(keys), values: cut(values) }
}

/** A leaf below the header list. */
interface ListLeaf {
  column: BinaryColumn
  /** Headers before each row, and at the end how many there are. */
  first: Int32Array
}

/** Level `maxDefinition` is a value, 0 is a row without headers, and what lies between is a null. */
function readListLeaf(pages: readonly DecodedPage[], rows: number, maxDefinition: 1 | 2): ListLeaf {
  const column = newColumn(pages, entriesOf(pages))
  const first = new Int32Array(rows + 1)
  const scan = new PlainScan(column)
  let row = 0
  for (const { body, entries } of pages) {
    const repetitions = readLevels(body, 0, entries, 1, 1)
    const definitions = readLevels(body, repetitions.end, entries, maxDefinition, maxDefinition)
    scan.begin(body, definitions.end)
    if (definitions.same === maxDefinition) {
      row = beginRows(repetitions, entries, scan.at, first, row)
      scan.values(entries)
    } else {
      for (let i = 0; i < entries; i++) {
        const definition = levelAt(definitions, i)
        if (levelAt(repetitions, i) === 0) row = beginRow(first, row, scan.at)
        else if (definition === 0 || i === 0) throw rowMissing()
        if (definition === maxDefinition) scan.values(1)
        else if (definition !== 0) scan.nulls(1)
      }
    }
    scan.finish()
  }
  if (row !== rows) throw new RangeError('header keys and values do not match')
  first[rows] = scan.at
  return { column, first }
}

/** Notes where rows begin in a page whose entries are headers all; returns the row after them. */
function beginRows(
  { same, each }: ReadLevels,
  entries: number,
  header: number,
  first: Int32Array,
  row: number,
): number {
  if (entries > 0 && (same === 1 || each[0] === 1)) throw rowMissing()
  let next = row
  for (let i = 0; i < entries; i++) if (same === 0 || each[i] === 0) next = beginRow(first, next, header + i)
  return next
}

function beginRow(first: Int32Array, row: number, header: number): number {
  if (row >= first.length - 1) throw new RangeError('there are headers of more rows than there are')
  first[row] = header
  return row + 1
}

/** Where the entries from `from` on that have the same level end. */
function endOfRun({ same, each }: ReadLevels, from: number, entries: number): number {
  if (same >= 0) return entries
  let to = from + 1
  while (to < entries && each[to] === each[from]) to++
  return to
}

function levelAt({ same, each }: ReadLevels, i: number): number {
  return same < 0 ? each[i]! : same
}

function rowMissing(): RangeError {
  return new RangeError('a list of headers does not begin with its row')
}

/** Walks PLAIN byte strings into a column. Pages are copied into one buffer first, unless there is only one. */
class PlainScan {
  /** Entries of the column so far. */
  at = 0
  readonly #column: BinaryColumn
  readonly #view: DataView
  #place = 0
  #end = 0

  constructor(column: BinaryColumn) {
    this.#column = column
    const { buffer, byteOffset, length } = column.bytes
    this.#view = new DataView(buffer, byteOffset, length)
  }

  begin(body: Buffer, valuesAt: number): void {
    const { bytes } = this.#column
    if (body === bytes) {
      this.#place = valuesAt
      this.#end = body.length
      return
    }
    this.#place = this.#end
    this.#end += body.copy(bytes, this.#place, valuesAt)
  }

  /** The next `count` entries are values. */
  values(count: number): void {
    const { start, length } = this.#column
    const view = this.#view
    const end = this.#end
    let place = this.#place
    const until = this.at + count
    for (let i = this.at; i < until; i++) {
      const from = place + 4
      if (from > end) throw new RangeError('a value lies beyond its page')
      const bytes = view.getInt32(place, true)
      if (bytes < 0 || bytes > end - from) throw new RangeError('a value lies beyond its page')
      start[i] = from
      length[i] = bytes
      place = from + bytes
    }
    this.at = until
    this.#place = place
  }

  /** The next `count` entries are nulls. */
  nulls(count: number): void {
    this.#column.length.fill(-1, this.at, this.at + count)
    this.at += count
  }

  finish(): void {
    if (this.#place !== this.#end) throw new RangeError('a page has more bytes than values')
  }
}

function newColumn(pages: readonly DecodedPage[], count: number): BinaryColumn {
  const bytes = pages.length === 1 ? pages[0]!.body : Buffer.allocUnsafeSlow(sum(pages, (page) => page.body.length))
  return { bytes, start: new Int32Array(count), length: new Int32Array(count) }
}

/** The column without the room that rows without headers took. */
function cut({ column, first }: ListLeaf): BinaryColumn {
  const count = first.at(-1)!
  return { bytes: column.bytes, start: column.start.subarray(0, count), length: column.length.subarray(0, count) }
}

function entriesOf(pages: readonly DecodedPage[]): number {
  return sum(pages, (page) => page.entries)
}

function sum(pages: readonly DecodedPage[], of: (page: DecodedPage) => number): number {
  return pages.reduce((total, page) => total + of(page), 0)
}
