import { crc32 } from 'node:zlib'
import type { ColumnChunk, ColumnIndex, OffsetIndex, Statistics } from 'hyparquet'
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js'
import { serializeTCompactProtocol } from 'hyparquet-writer/src/thrift.js'
import type { PageIndexes } from 'hyparquet-writer/src/types.js'
import type { ParquetCodec } from '../log-entry.ts'
import { type ByteBounds, mergeBounds } from './bounds.ts'
import { codecNames, compressPage } from './codec.ts'
import { type Column, columnShapes } from './schema.ts'

/** A page before compression. */
export interface Page {
  /** Levels and values. */
  body: Buffer
  /** Entries of the levels: rows, and further list elements. */
  entries: number
  rows: number
  nulls: number
  /** Null when the column keeps no statistics, or all values of the page are null. */
  bounds: NumberBounds | ByteBounds | null
}

/** Bounds of an INT32 (number) or INT64 (bigint) column. */
type NumberBounds = { min: number; max: number } | { min: bigint; max: bigint }

/** The pages of one column in one row group, compressed as they come. */
export class ColumnChunkWriter {
  readonly #column: Column
  readonly #codec: ParquetCodec
  readonly #pages: (Omit<Page, 'body'> & { stored: Buffer })[] = []
  #entries = 0
  #uncompressedBytes = 0
  #storedBytes = 0

  constructor(column: Column, codec: ParquetCodec) {
    this.#column = column
    this.#codec = codec
  }

  /** Bytes of the pages so far, with their headers, as the file will have them. */
  get storedBytes(): number {
    return this.#storedBytes
  }

  get uncompressedBytes(): number {
    return this.#uncompressedBytes
  }

  /** The page's body is not kept. */
  addPage(page: Page): void {
    const compressed = compressPage(this.#codec, page.body)
    const header = pageHeader(page, compressed)
    const stored = Buffer.allocUnsafe(header.length + compressed.length)
    stored.set(header)
    stored.set(compressed, header.length)
    this.#pages.push({ stored, entries: page.entries, rows: page.rows, nulls: page.nulls, bounds: page.bounds })
    this.#entries += page.entries
    this.#uncompressedBytes += header.length + page.body.length
    this.#storedBytes += stored.length
  }

  /** Hands the pages over in file order, the first of them at `offset`, and describes the chunk for the footer. */
  finish(offset: number, push: (bytes: Buffer) => void): PageIndexes {
    const locations: OffsetIndex['page_locations'] = []
    let at = offset
    let row = 0
    for (const page of this.#pages) {
      locations.push({
        offset: BigInt(at),
        compressed_page_size: page.stored.length,
        first_row_index: BigInt(row),
      })
      push(page.stored)
      at += page.stored.length
      row += page.rows
    }
    const shape = columnShapes[this.#column]
    const chunk: ColumnChunk = {
      file_offset: BigInt(offset),
      meta_data: {
        type: shape.type,
        encodings: ['PLAIN', 'RLE'],
        path_in_schema: shape.path,
        codec: codecNames[this.#codec],
        num_values: BigInt(this.#entries),
        total_uncompressed_size: BigInt(this.#uncompressedBytes),
        total_compressed_size: BigInt(this.#storedBytes),
        data_page_offset: BigInt(offset),
        statistics: this.#statistics(),
      },
    }
    const columnIndex = this.#columnIndex()
    return { chunk, offsetIndex: { page_locations: locations }, ...(columnIndex === null ? {} : { columnIndex }) }
  }

  #statistics(): Statistics {
    let nulls = 0
    let numbers: NumberBounds | null = null
    let bytes: ByteBounds | null = null
    for (const page of this.#pages) {
      nulls += page.nulls
      if (page.bounds === null) continue
      if (isNumeric(page.bounds)) numbers = mergeNumbers(numbers, page.bounds)
      else bytes = mergeBounds(bytes, page.bounds)
    }
    const statistics: Statistics = { null_count: BigInt(nulls) }
    if (numbers !== null) return { ...statistics, min_value: numbers.min, max_value: numbers.max }
    if (bytes === null) return statistics
    statistics.min_value = bytes.min
    if (!bytes.minExact) statistics.is_min_value_exact = false
    if (bytes.max === null) return statistics
    statistics.max_value = bytes.max
    if (!bytes.maxExact) statistics.is_max_value_exact = false
    return statistics
  }

  /** Null when a page has values but no bounds on both sides: an index has to name them for every such page. */
  #columnIndex(): ColumnIndex | null {
    const index = {
      null_pages: [] as boolean[],
      min_values: [] as Uint8Array[],
      max_values: [] as Uint8Array[],
      boundary_order: this.#column === 'offset' ? ('ASCENDING' as const) : ('UNORDERED' as const),
      null_counts: [] as bigint[],
    }
    for (const { bounds, nulls, entries } of this.#pages) {
      const allNull = nulls === entries
      if (!allNull && (bounds === null || bounds.max === null)) return null
      index.null_pages.push(allNull)
      index.null_counts.push(BigInt(nulls))
      index.min_values.push(bounds === null ? new Uint8Array(0) : boundBytes(bounds.min))
      index.max_values.push(bounds === null || bounds.max === null ? new Uint8Array(0) : boundBytes(bounds.max))
    }
    return index
  }
}

/** PageHeader of a DATA_PAGE with PLAIN values and RLE levels, with the CRC-32 of the page as it is stored. */
function pageHeader(page: Page, compressed: Uint8Array): Uint8Array {
  const writer = new ByteWriter(64)
  serializeTCompactProtocol(writer, {
    field_1: 0,
    field_2: page.body.length,
    field_3: compressed.length,
    field_4: crc32(compressed) | 0,
    field_5: { field_1: page.entries, field_2: 0, field_3: 3, field_4: 3 },
  })
  return writer.getBytes()
}

function isNumeric(bounds: NumberBounds | ByteBounds): bounds is NumberBounds {
  return !Buffer.isBuffer(bounds.min)
}

function mergeNumbers(a: NumberBounds | null, b: NumberBounds): NumberBounds {
  if (a === null) return b
  const lower = a.min < b.min ? a : b
  const upper = a.max > b.max ? a : b
  return { min: lower.min, max: upper.max } as NumberBounds
}

function boundBytes(bound: number | bigint | Buffer): Uint8Array {
  if (Buffer.isBuffer(bound)) return bound
  const bytes = Buffer.alloc(typeof bound === 'bigint' ? 8 : 4)
  if (typeof bound === 'bigint') bytes.writeBigInt64LE(bound)
  else bytes.writeInt32LE(bound)
  return bytes
}
