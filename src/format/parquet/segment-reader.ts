import { ColdstreamError } from '../../errors.ts'
import type { BinaryColumn, RowBatch } from '../row-batch.ts'
import type { SegmentIdentity } from '../segment.ts'
import { binariesOf, headersOf, longsOf } from './column-reader.ts'
import { damagedSegment } from './damage.ts'
import { type DecodedPage, readPages } from './page-reader.ts'
import type { Column } from './schema.ts'
import { parseFooter, type RowGroupInfo, type SegmentFooter } from './segment-footer.ts'

/** A segment in a store. */
export interface SegmentSource {
  /** Names it in errors. */
  path: string
  /** Size of the object. */
  bytes: number
  /** Bytes `[start, end)`. */
  read(start: number, end: number): Promise<Buffer>
}

/** What of a row group to read; the rest of the batch is left empty. */
export type BatchColumn = 'offset' | 'timestamp' | 'key' | 'value' | 'headers'

const leafColumns: Readonly<Record<BatchColumn, readonly Column[]>> = {
  offset: ['offset'],
  timestamp: ['timestamp'],
  key: ['key'],
  value: ['value'],
  headers: ['headerKey', 'headerValue'],
}

const allColumns = Object.keys(leafColumns) as BatchColumn[]

/** The footer of most segments fits in what is read first. */
const tailBytes = 64 * 1024

/** No footer is larger: bounds what is read on the word of a file's last bytes. */
const maxFooterBytes = 64 * 1024 * 1024

const magic = 'PAR1'

/**
 * Reads a segment that SegmentWriter wrote, a row group at a time, into columns. All methods throw DamagedDataError
 * `segment-damaged` when the bytes do not hold together (pages carry a CRC-32), InvalidInputError `segment-foreign` when
 * they are something else's, and whatever `read` throws.
 */
export class SegmentReader {
  readonly identity: SegmentIdentity
  readonly records: number
  /** 0 when there are no records; `lastOffset` is then -1. */
  readonly firstOffset: bigint
  /** Inclusive. */
  readonly lastOffset: bigint
  readonly rowGroups: readonly RowGroupInfo[]
  readonly #source: SegmentSource

  private constructor(source: SegmentSource, footer: SegmentFooter) {
    this.#source = source
    this.identity = footer.identity
    this.records = footer.records
    this.firstOffset = footer.firstOffset
    this.lastOffset = footer.lastOffset
    this.rowGroups = footer.rowGroups
  }

  /** Reads the footer. */
  static async open(source: SegmentSource): Promise<SegmentReader> {
    const { path, bytes } = source
    const tail = await readRange(source, Math.max(0, bytes - tailBytes), bytes)
    if (tail.length < 12 || tail.toString('latin1', tail.length - 4) !== magic) {
      throw damagedSegment(path, 'it does not end as a Parquet file')
    }
    const footerBytes = tail.readUInt32LE(tail.length - 8)
    const start = bytes - 8 - footerBytes
    if (footerBytes > maxFooterBytes || start < 4) throw damagedSegment(path, `its footer has ${footerBytes} bytes`)
    const missing = footerBytes + 8 - tail.length
    const whole = missing <= 0 ? tail : Buffer.concat([await readRange(source, start, start + missing), tail])
    const footer = whole.subarray(whole.length - 8 - footerBytes, whole.length - 8)
    return guarded(path, 'its footer', () => new SegmentReader(source, parseFooter(footer, path, start)))
  }

  /** Reads a row group. `index` counts from 0 and is one of `rowGroups`. */
  async readRowGroup(index: number, options: { columns?: readonly BatchColumn[] } = {}): Promise<RowBatch> {
    const { path } = this.#source
    const group = this.rowGroups[index]
    if (group === undefined) throw new RangeError(`${path} has no row group ${index}`)
    const wanted = allColumns.filter((column) => options.columns?.includes(column) ?? true)
    const stored = await this.#readChunks(
      group,
      wanted.flatMap((column) => leafColumns[column]),
    )
    return guarded(path, `row group ${index}`, () => {
      const { rows } = group
      const pages = (column: Column): DecodedPage[] => {
        const { codec, entries } = group.chunks[column]
        return readPages(stored.get(column)!, codec, entries, path)
      }
      const has = new Set(wanted)
      return {
        rows,
        partition: this.identity.partition,
        offset: has.has('offset') ? longsOf(pages('offset'), rows) : new BigInt64Array(0),
        timestampMicros: has.has('timestamp') ? longsOf(pages('timestamp'), rows) : new BigInt64Array(0),
        key: has.has('key') ? binariesOf(pages('key'), rows) : emptyColumn(),
        value: has.has('value') ? binariesOf(pages('value'), rows) : emptyColumn(),
        headers: has.has('headers')
          ? headersOf(pages('headerKey'), pages('headerValue'), rows)
          : { first: new Int32Array(0), keys: emptyColumn(), values: emptyColumn() },
      }
    })
  }

  /** The offsets of all rows, in file order. */
  async readOffsets(): Promise<BigInt64Array> {
    const batches = await Promise.all(this.rowGroups.map((_, i) => this.readRowGroup(i, { columns: ['offset'] })))
    const offsets = new BigInt64Array(this.records)
    let at = 0
    for (const { offset } of batches) {
      offsets.set(offset, at)
      at += offset.length
    }
    return offsets
  }

  /** Reads the chunks of columns; those that lie side by side are read together. */
  async #readChunks(group: RowGroupInfo, wanted: readonly Column[]): Promise<Map<Column, Buffer>> {
    const chunks = wanted.map((column) => ({ column, ...group.chunks[column] }))
    chunks.sort((a, b) => a.startByte - b.startByte)
    const runs: { start: number; end: number; chunks: typeof chunks }[] = []
    for (const chunk of chunks) {
      const run = runs.at(-1)
      if (run?.end === chunk.startByte) {
        run.chunks.push(chunk)
        run.end = chunk.endByte
      } else runs.push({ start: chunk.startByte, end: chunk.endByte, chunks: [chunk] })
    }
    const stored = new Map<Column, Buffer>()
    const read = async (run: (typeof runs)[number]): Promise<void> => {
      const bytes = await readRange(this.#source, run.start, run.end)
      for (const { column, startByte, endByte } of run.chunks) {
        stored.set(column, bytes.subarray(startByte - run.start, endByte - run.start))
      }
    }
    await Promise.all(runs.map(read))
    return stored
  }
}

async function readRange(source: SegmentSource, start: number, end: number): Promise<Buffer> {
  const bytes = await source.read(start, end)
  if (bytes.length !== end - start) {
    throw damagedSegment(source.path, `bytes ${start} to ${end} are missing, it is shorter than ${source.bytes}`)
  }
  return bytes
}

/** Whatever goes wrong in decoding is damage of the bytes, unless it says itself what it is. */
function guarded<T>(path: string, part: string, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (error instanceof ColdstreamError) throw error
    throw damagedSegment(path, `${part} cannot be read (${error instanceof Error ? error.message : error})`, error)
  }
}

function emptyColumn(): BinaryColumn {
  return { bytes: Buffer.alloc(0), start: new Int32Array(0), length: new Int32Array(0) }
}
