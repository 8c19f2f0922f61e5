import { createHash } from 'node:crypto'
import type { RowGroup } from 'hyparquet'
import { writeBlooms } from 'hyparquet-writer/src/bloom.js'
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js'
import { writeMetadata } from 'hyparquet-writer/src/metadata.js'
import type { PageIndexes } from 'hyparquet-writer/src/types.js'
import type { SegmentIdentity } from '../segment.ts'
import { maxBoundBytes } from './bounds.ts'
import type { ColumnChunkWriter } from './column-chunk-writer.ts'
import { writePageIndex } from './page-index.ts'
import { columns, createdBy, footerKeys, formatVersion, schemaElements, schemaHash } from './schema.ts'

/** `PAR1`, which begins and ends a Parquet file, as a little-endian number. */
const magic = 0x31524150

/** What the footer says of the segment as a whole. */
export interface SegmentSummary extends SegmentIdentity {
  records: number
  firstOffset: bigint
  lastOffset: bigint
}

/** The file as far as it is fixed: whole row groups, then bloom filters, page indexes and the footer. */
export class SegmentFile {
  readonly #chunks: Uint8Array[] = []
  readonly #hash = createHash('sha256')
  readonly #rowGroups: RowGroup[] = []
  readonly #pageIndexes: PageIndexes[] = []
  #bytes = 0

  constructor() {
    const head = Buffer.alloc(4)
    head.writeUInt32LE(magic)
    this.#push(head)
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Appends the chunks of a row group, in column order. */
  addRowGroup(rows: number, chunks: readonly ColumnChunkWriter[], bloom: { column: number; words: Uint32Array }): void {
    const offset = this.#bytes
    const indexes = chunks.map((chunk) => chunk.finish(this.#bytes, (page) => this.#push(page)))
    indexes[bloom.column]!.bloomFilter = bloom.words
    this.#pageIndexes.push(...indexes)
    this.#rowGroups.push({
      columns: indexes.map((index) => index.chunk),
      total_byte_size: BigInt(chunks.reduce((sum, chunk) => sum + chunk.uncompressedBytes, 0)),
      num_rows: BigInt(rows),
      sorting_columns: [{ column_idx: columns.indexOf('offset'), descending: false, nulls_first: false }],
      file_offset: BigInt(offset),
      total_compressed_size: BigInt(this.#bytes - offset),
    })
  }

  /** Completes the file and returns it with its SHA-256, hex. */
  finish(summary: SegmentSummary): { chunks: Uint8Array[]; bytes: number; sha256: string } {
    const tail = new ByteWriter(64 * 1024)
    tail.offset = this.#bytes
    writeBlooms(tail, this.#pageIndexes)
    writePageIndex(tail, this.#pageIndexes)
    writeMetadata(
      tail,
      {
        // Version 1 says that pages are of version 1; parquetjs refuses any other.
        version: 1,
        schema: schemaElements,
        num_rows: BigInt(summary.records),
        row_groups: this.#rowGroups,
        key_value_metadata: keyValues(summary),
        created_by: createdBy,
        metadata_length: 0,
      },
      maxBoundBytes,
    )
    tail.appendUint32(magic)
    this.#push(tail.getBytes())
    return { chunks: this.#chunks, bytes: this.#bytes, sha256: this.#hash.digest('hex') }
  }

  #push(bytes: Uint8Array): void {
    this.#chunks.push(bytes)
    this.#hash.update(bytes)
    this.#bytes += bytes.length
  }
}

function keyValues(summary: SegmentSummary): { key: string; value: string }[] {
  const values: Record<keyof typeof footerKeys, string> = {
    formatVersion,
    topic: summary.topic,
    incarnation: String(summary.incarnation),
    partition: String(summary.partition),
    firstOffset: String(summary.firstOffset),
    lastOffset: String(summary.lastOffset),
    timestampType: summary.timestampType,
    schemaHash,
  }
  return Object.entries(footerKeys).map(([name, key]) => ({ key, value: values[name as keyof typeof footerKeys] }))
}
