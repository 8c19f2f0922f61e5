import type { ParquetCodec } from '../log-entry.ts'
import type { RecordView } from '../record-view.ts'
import type { BuiltSegment, SegmentIdentity } from '../segment.ts'
import type { BufferPool } from './buffer-pool.ts'
import { RecordColumns } from './record-columns.ts'
import { RowGroupWriter } from './row-group-writer.ts'
import { maxRowGroupRows } from './schema.ts'
import { SegmentFile } from './segment-file.ts'

/** Rows of a page at most. */
const maxPageRows = 16_384

/**
 * Uncompressed bytes at which a page ends. A little below a power of two, so that the buffers, which grow by
 * doubling, are full and not half empty when it does.
 */
const pageBytes = (1 << 20) - (1 << 16)

export interface SegmentWriterOptions {
  identity: SegmentIdentity
  codec: ParquetCodec
  pool: BufferPool
  /** Rows of a row group at most. */
  rowGroupRows?: number
  /** Uncompressed bytes at which a row group ends. */
  rowGroupBytes?: number
}

/**
 * Builds a segment's Parquet file in memory, record by record. Pages are compressed as they fill, so that what is held
 * is one page of raw bytes and the compressed rest.
 */
export class SegmentWriter {
  readonly #options: Required<SegmentWriterOptions>
  readonly #open: RecordColumns
  readonly #file = new SegmentFile()
  #group: RowGroupWriter | null = null
  #closedRows = 0
  #firstOffset = 0n
  #minTimestampMs = Number.POSITIVE_INFINITY
  #maxTimestampMs = Number.NEGATIVE_INFINITY
  #pageRows: number

  constructor(options: SegmentWriterOptions) {
    const rowGroupRows = Math.min(options.rowGroupRows ?? 65_536, maxRowGroupRows)
    this.#options = { ...options, rowGroupRows, rowGroupBytes: options.rowGroupBytes ?? 16 << 20 }
    this.#open = new RecordColumns(options.pool)
    this.#pageRows = Math.min(maxPageRows, rowGroupRows)
  }

  /** Rows so far. */
  get rows(): number {
    return this.#closedRows + this.#open.rows
  }

  /** Bytes of memory that the segment holds now. */
  get heldBytes(): number {
    return this.#open.heldBytes + (this.#group?.heldBytes ?? 0) + this.#file.bytes
  }

  /** How much of it is the raw page, which `squeeze` gives back. */
  get rawBytes(): number {
    return this.#open.heldBytes
  }

  /** 0 before the first record. */
  get firstOffset(): bigint {
    return this.#closedRows === 0 && this.#open.rows > 0 ? this.#open.firstOffset : this.#firstOffset
  }

  /** -1 before the first record. */
  get lastOffset(): bigint {
    return this.#open.lastOffset
  }

  /** 0 before the first record. */
  get minTimestampMs(): number {
    return this.rows === 0 ? 0 : Math.min(this.#minTimestampMs, this.#open.minTimestampMs)
  }

  /** 0 before the first record. */
  get maxTimestampMs(): number {
    return this.rows === 0 ? 0 : Math.max(this.#maxTimestampMs, this.#open.maxTimestampMs)
  }

  /**
   * Adds a record; nothing of it is referred to afterwards. Offsets have to ascend. Throws DamagedDataError
   * `record-damaged`; the segment is then as it was.
   */
  append(record: RecordView): void {
    const open = this.#open
    open.append(record)
    if (open.rows >= this.#pageRows || open.usedBytes >= pageBytes) this.#closePage()
  }

  /** Ends the page early and gives its raw memory back: what is left is compressed. */
  squeeze(): void {
    if (this.#open.rows > 0) this.#closePage()
    this.#open.release()
  }

  /** Completes the file and gives all memory back to the pool. The writer is not used afterwards. */
  finish(): BuiltSegment {
    if (this.#open.rows > 0) this.#closePage()
    this.#closeGroup()
    this.#open.release()
    const { firstOffset, lastOffset, minTimestampMs, maxTimestampMs } = this
    const records = this.rows
    const file = this.#file.finish({ ...this.#options.identity, records, firstOffset, lastOffset })
    return { ...file, records, firstOffset, lastOffset, minTimestampMs, maxTimestampMs }
  }

  #closePage(): void {
    const open = this.#open
    const { identity, codec, pool, rowGroupRows, rowGroupBytes } = this.#options
    this.#group ??= new RowGroupWriter({ codec, pool, partition: identity.partition, maxRows: rowGroupRows })
    this.#group.addPage(open)
    if (this.#closedRows === 0) this.#firstOffset = open.firstOffset
    this.#minTimestampMs = Math.min(this.#minTimestampMs, open.minTimestampMs)
    this.#maxTimestampMs = Math.max(this.#maxTimestampMs, open.maxTimestampMs)
    this.#closedRows += open.rows
    open.clear()
    const { rows, uncompressedBytes } = this.#group
    if (rows >= rowGroupRows || uncompressedBytes >= rowGroupBytes) this.#closeGroup()
    this.#pageRows = Math.min(maxPageRows, rowGroupRows - (this.#group?.rows ?? 0))
  }

  #closeGroup(): void {
    this.#group?.finish(this.#file)
    this.#group = null
  }
}
