import type { BinaryColumn, HeaderColumn } from '../row-batch.ts'
import { readLevels } from './levels.ts'
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
  return longs
}

/** An optional column of byte strings. */
export function binariesOf(pages: readonly DecodedPage[], rows: number): BinaryColumn {
  const column = newColumn(pages, rows)
  const scan = new PlainScan(column.bytes)
  let row = 0
  for (const { body, entries } of pages) {
    const levels = new Uint8Array(entries)
    scan.begin(body, readLevels(body, 0, entries, 1, 1, levels))
    for (let i = 0; i < entries; i++, row++) {
      if (levels[i] === 1) scan.next(column, row)
      else column.length[row] = -1
    }
    scan.finish()
  }
  return column
}

/** The two columns of the header list. */
export function headersOf(
  keyPages: readonly DecodedPage[],
  valuePages: readonly DecodedPage[],
  rows: number,
): HeaderColumn {
  const first = new Int32Array(rows + 1)
  const keys = newColumn(keyPages, entriesOf(keyPages))
  const values = newColumn(valuePages, entriesOf(valuePages))
  const count = readListLeaf(keyPages, keys, 1, (row, header) => {
    if (row >= rows) throw new RangeError('there are headers of more rows than there are')
    first[row] = header
  })
  first[rows] = count.headers
  const valueCount = readListLeaf(valuePages, values, 2, (row, header) => {
    if (first[row] !== header) throw new RangeError('header keys and values do not match')
  })
  if (count.rows !== rows || valueCount.rows !== rows || valueCount.headers !== count.headers) {
    throw new RangeError('header keys and values do not match')
  }
  return { first, keys: cut(keys, count.headers), values: cut(values, count.headers) }
}

/**
 * Reads a leaf below the header list: level `maxDefinition` is a value, 0 is a row without headers, and what lies
 * between is a null. `beginRow` is told the number of headers before each row.
 */
function readListLeaf(
  pages: readonly DecodedPage[],
  column: BinaryColumn,
  maxDefinition: 1 | 2,
  beginRow: (row: number, header: number) => void,
): { rows: number; headers: number } {
  const scan = new PlainScan(column.bytes)
  let rows = 0
  let header = 0
  for (const { body, entries } of pages) {
    const repetitions = new Uint8Array(entries)
    const definitions = new Uint8Array(entries)
    const definitionsAt = readLevels(body, 0, entries, 1, 1, repetitions)
    scan.begin(body, readLevels(body, definitionsAt, entries, maxDefinition, maxDefinition, definitions))
    for (let i = 0; i < entries; i++) {
      const definition = definitions[i]!
      if (repetitions[i] === 0) beginRow(rows++, header)
      else if (definition === 0 || i === 0) throw new RangeError('a list of headers does not begin with its row')
      if (definition === maxDefinition) scan.next(column, header++)
      else if (definition !== 0) column.length[header++] = -1
    }
    scan.finish()
  }
  return { rows, headers: header }
}

/** Walks PLAIN byte strings. Pages are copied into one buffer first, unless there is only one. */
class PlainScan {
  readonly #bytes: Buffer
  #at = 0
  #end = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  begin(body: Buffer, valuesAt: number): void {
    if (body === this.#bytes) {
      this.#at = valuesAt
      this.#end = body.length
      return
    }
    this.#at = this.#end
    this.#end += body.copy(this.#bytes, this.#at, valuesAt)
  }

  next(column: BinaryColumn, i: number): void {
    const bytes = this.#bytes
    const at = this.#at
    const start = at + 4
    if (start > this.#end) throw new RangeError('a value lies beyond its page')
    const length = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    if (length < 0 || length > this.#end - start) throw new RangeError('a value lies beyond its page')
    column.start[i] = start
    column.length[i] = length
    this.#at = start + length
  }

  finish(): void {
    if (this.#at !== this.#end) throw new RangeError('a page has more bytes than values')
  }
}

function newColumn(pages: readonly DecodedPage[], count: number): BinaryColumn {
  const bytes = pages.length === 1 ? pages[0]!.body : Buffer.allocUnsafeSlow(sum(pages, (page) => page.body.length))
  return { bytes, start: new Int32Array(count), length: new Int32Array(count) }
}

function cut(column: BinaryColumn, count: number): BinaryColumn {
  return { bytes: column.bytes, start: column.start.subarray(0, count), length: column.length.subarray(0, count) }
}

function entriesOf(pages: readonly DecodedPage[]): number {
  return sum(pages, (page) => page.entries)
}

function sum(pages: readonly DecodedPage[], of: (page: DecodedPage) => number): number {
  return pages.reduce((total, page) => total + of(page), 0)
}
