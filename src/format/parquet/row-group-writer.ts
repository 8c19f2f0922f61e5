import type { ParquetCodec } from '../log-entry.ts'
import { BloomFilter } from './bloom-filter.ts'
import { boundsOfPlain } from './bounds.ts'
import type { BufferPool } from './buffer-pool.ts'
import { ColumnChunkWriter, type Page } from './column-chunk-writer.ts'
import type { GrowingBuffer } from './growing-buffer.ts'
import { levelsOf, withPageBody } from './page-body.ts'
import type { RecordColumns } from './record-columns.ts'
import { type Column, columns } from './schema.ts'
import type { SegmentFile } from './segment-file.ts'

/** A row group that grows by whole pages: the pages of all columns end at the same rows. */
export class RowGroupWriter {
  readonly #pool: BufferPool
  readonly #partition: number
  readonly #bloom: BloomFilter
  readonly #chunks: Readonly<Record<Column, ColumnChunkWriter>>
  #rows = 0

  /** `maxRows`: rows that the group will have at most. */
  constructor(options: { codec: ParquetCodec; pool: BufferPool; partition: number; maxRows: number }) {
    const { codec } = options
    this.#pool = options.pool
    this.#partition = options.partition
    this.#bloom = new BloomFilter(options.maxRows)
    this.#chunks = {
      partition: new ColumnChunkWriter('partition', codec),
      offset: new ColumnChunkWriter('offset', codec),
      timestamp: new ColumnChunkWriter('timestamp', codec),
      key: new ColumnChunkWriter('key', codec),
      value: new ColumnChunkWriter('value', codec),
      headerKey: new ColumnChunkWriter('headerKey', codec),
      headerValue: new ColumnChunkWriter('headerValue', codec),
    }
  }

  get rows(): number {
    return this.#rows
  }

  get uncompressedBytes(): number {
    return columns.reduce((sum, column) => sum + this.#chunks[column].uncompressedBytes, 0)
  }

  get heldBytes(): number {
    return columns.reduce((sum, column) => sum + this.#chunks[column].storedBytes, this.#bloom.heldBytes)
  }

  /** Makes one page a column of the rows; they are copied. */
  addPage(open: RecordColumns): void {
    const { rows } = open
    this.#addPartitions(rows)
    const offsets = { min: open.firstOffset, max: open.lastOffset }
    this.#addRequired('offset', rows, open.offsets.written, offsets)
    const timestamps = { min: micros(open.minTimestampMs), max: micros(open.maxTimestampMs) }
    this.#addRequired('timestamp', rows, open.timestamps.written, timestamps)
    const keys = boundsOfPlain(open.keys.bytes, open.keys.used, this.#bloom)
    this.#addNested('key', rows, open.keyEntries, open.keys, open.nullKeys, keys)
    this.#addNested('value', rows, open.valueEntries, open.values, open.nullValues, null)
    const { headerEntries, headerKeys, headerValues, rowsWithoutHeaders } = open
    this.#addNested('headerKey', rows, headerEntries, headerKeys, rowsWithoutHeaders, null)
    const nullValues = rowsWithoutHeaders + open.nullHeaderValues
    this.#addNested('headerValue', rows, headerEntries, headerValues, nullValues, null)
    this.#rows += rows
  }

  /** Moves the pages to the file. The group is not used afterwards. */
  finish(file: SegmentFile): void {
    const chunks = columns.map((column) => this.#chunks[column])
    file.addRowGroup(this.#rows, chunks, { column: columns.indexOf('key'), words: this.#bloom.toWords() })
  }

  #addPartitions(rows: number): void {
    const buffer = this.#pool.take(rows * 4)
    const body = buffer.subarray(0, rows * 4)
    for (let at = 0; at < body.length; at += 4) body.writeInt32LE(this.#partition, at)
    this.#addRequired('partition', rows, body, { min: this.#partition, max: this.#partition })
    this.#pool.give(buffer)
  }

  #addRequired(column: Column, rows: number, body: Buffer, bounds: Page['bounds']): void {
    this.#chunks[column].addPage({ body, entries: rows, rows, nulls: 0, bounds })
  }

  #addNested(
    column: keyof typeof levelsOf,
    rows: number,
    entries: GrowingBuffer,
    values: GrowingBuffer,
    nulls: number,
    bounds: Page['bounds'],
  ): void {
    withPageBody(this.#pool, levelsOf[column], entries, values, (body) =>
      this.#chunks[column].addPage({ body, entries: entries.used, rows, nulls, bounds }),
    )
  }
}

function micros(ms: number): bigint {
  return BigInt(ms) * 1000n
}
