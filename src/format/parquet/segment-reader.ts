import { ColdstreamError } from '../../errors.ts'
import { giveBack } from '../give-back.ts'
import { compactRows, joinRows } from '../join-rows.ts'
import type { RowBatch } from '../row-batch.ts'
import type { SegmentIdentity } from '../segment.ts'
import { noRows, takeRows } from '../take-rows.ts'
import { bitsHold, bitsOf, probeOf } from './bloom-probe.ts'
import { type ByteRange, readRange, readRanges, type SegmentSource, withHeldBytes } from './byte-ranges.ts'
import { damagedSegment } from './damage.ts'
import { type PageInfo, pageIndexRanges, readPageMap } from './page-map.ts'
import { decodePageByPage, decodePages, rowsOf, type StoredColumn, settled } from './page-rows.ts'
import type { Column } from './schema.ts'
import { parseFooter, type RowBounds, type RowGroupInfo, type SegmentFooter } from './segment-footer.ts'

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
const allLeaves = allColumns.flatMap((column) => leafColumns[column])

/** Which rows of a page to keep: their numbers within it, ascending; null: all. `rows` has the columns that are read. */
export type ChooseRows = (rows: RowBatch, page: PageInfo) => Int32Array | null

/** The footer of most segments fits in what is read first. */
const usualTailBytes = 64 * 1024

// What lies between two things that are wanted is read with them up to so many bytes: that costs less than a request.
const nearPageBytes = 16 * 1024
const nearIndexBytes = 4 * 1024
const nearBlockBytes = 1024

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
  #heldBytes: number
  /** The bits of the bloom filters of row groups, where they are held. */
  #filters: readonly (Buffer | null)[] = []

  private constructor(source: SegmentSource, heldBytes: number, footer: SegmentFooter) {
    this.#source = source
    this.#heldBytes = heldBytes
    this.identity = footer.identity
    this.records = footer.records
    this.firstOffset = footer.firstOffset
    this.lastOffset = footer.lastOffset
    this.rowGroups = footer.rowGroups
  }

  /** Reads the footer, and whatever else is in the last `tailBytes`: they are kept and not read again. */
  static async open(source: SegmentSource, options: { tailBytes?: number } = {}): Promise<SegmentReader> {
    const { path, bytes } = source
    const tail = await readRange(source, Math.max(0, bytes - (options.tailBytes ?? usualTailBytes)), bytes)
    if (tail.length < 12 || tail.toString('latin1', tail.length - 4) !== magic) {
      throw damagedSegment(path, 'it does not end as a Parquet file')
    }
    const footerBytes = tail.readUInt32LE(tail.length - 8)
    const start = bytes - 8 - footerBytes
    if (footerBytes > maxFooterBytes || start < 4) throw damagedSegment(path, `its footer has ${footerBytes} bytes`)
    const missing = footerBytes + 8 - tail.length
    const whole = missing <= 0 ? tail : Buffer.concat([await readRange(source, start, start + missing), tail])
    const footer = whole.subarray(whole.length - 8 - footerBytes, whole.length - 8)
    const held = withHeldBytes(source, bytes - whole.length, whole)
    return guarded(path, 'its footer', () => new SegmentReader(held, whole.length, parseFooter(footer, path, start)))
  }

  /** Of the file, those that this object has in memory as long as it is there. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Reads the bloom filters of all keys, so that `mayHoldKeys` has nothing to read any more. */
  async holdKeyFilters(): Promise<void> {
    const filters = this.rowGroups.flatMap(({ keyFilter }) => keyFilter ?? [])
    if (filters.length === 0) return
    // they lie together, behind all row groups
    const start = Math.min(...filters.map(({ startByte }) => startByte))
    const end = Math.max(...filters.map(({ endByte }) => endByte))
    const bytes = await readRange(this.#source, start, end)
    this.#filters = this.rowGroups.map(({ keyFilter: filter }, index) =>
      filter === null
        ? null
        : guarded(this.#source.path, filterName(index), () =>
            bitsOf(bytes.subarray(filter.startByte - start, filter.endByte - start)),
          ),
    )
    this.#heldBytes += bytes.length
  }

  /** Reads a row group. `index` counts from 0 and is one of `rowGroups`. */
  async readRowGroup(index: number, options: { columns?: readonly BatchColumn[] } = {}): Promise<RowBatch> {
    const group = this.#group(index)
    const [columns] = await this.#stored(group, [group], leavesOf(options.columns ?? allColumns), 0)
    return (await this.#decode(group, columns!)).rows
  }

  /**
   * Reads a row group a page at a time, the next one while the last is looked at: few of its rows are in memory. A batch's
   * bytes are gone when the next one is asked for.
   */
  async *readByPages(index: number): AsyncGenerator<RowBatch, void, undefined> {
    const group = this.#group(index)
    const { path } = this.#source
    const part = partName(group)
    const [columns] = await this.#stored(group, [group], allLeaves, 0)
    const pages = decodePageByPage(columns!, path)
    let rows = 0
    for (;;) {
      const next = await guardedWork(path, part, () => pages.next())
      if (next.done) break
      const count = next.value.get('offset')![0]!.entries
      rows += count
      yield guarded(path, part, () => rowsOf(next.value, count, this.identity.partition))
      for (const [page] of next.value.values()) giveBack(page!.body)
    }
    if (rows !== group.rows) throw damagedSegment(path, `${part} has ${rows} rows where ${group.rows} were announced`)
  }

  /**
   * Which of the keys the row group may hold, by its bloom filter: what is false it does not hold. Reads a few bytes a
   * key. All true when there is no filter.
   */
  async mayHoldKeys(index: number, keys: readonly Buffer[]): Promise<boolean[]> {
    const { keyFilter } = this.#group(index)
    if (keyFilter === null) return keys.map(() => true)
    const held = this.#filters[index]
    if (held) return keys.map((key) => bitsHold(held, key))
    const probe = guarded(this.#source.path, filterName(index), () => probeOf(keyFilter, keys))
    const stored = await readRanges(this.#source, probe.ranges, nearBlockBytes)
    return guarded(this.#source.path, filterName(index), () => probe.holds(stored))
  }

  /** The pages of a row group, in the order of their rows. */
  async pagesOf(index: number): Promise<PageInfo[]> {
    const group = this.#group(index)
    const stored = await readRanges(this.#source, pageIndexRanges(group), nearIndexBytes)
    return guarded(this.#source.path, `the page index of row group ${index}`, () => readPageMap(group, stored))
  }

  /**
   * Reads the rows of some pages of a row group, or those that are chosen of each, one page after the other: beyond what
   * is kept of them, two pages are held decompressed. Other pages are neither read nor decoded.
   */
  async readPages(
    index: number,
    pages: readonly PageInfo[],
    columns: readonly BatchColumn[],
    choose: ChooseRows = () => null,
  ): Promise<RowBatch> {
    const stored = await this.#stored(this.#group(index), pages, leavesOf(columns), nearPageBytes)
    const decode = (i: number) => (i < pages.length ? settled(this.#decode(pages[i]!, stored[i]!)) : null)
    const kept: RowBatch[] = []
    let ahead = decode(0)
    for (const [i, page] of pages.entries()) {
      const decoded = await ahead!
      if (decoded.status === 'rejected') throw decoded.reason
      ahead = decode(i + 1)
      const { rows, bodies } = decoded.value
      const chosen = choose(rows, page)
      if (chosen === null) {
        kept.push(rows)
        continue
      }
      const compact = chosen.length > 0 ? compactRows(takeRows(rows, chosen)) : null
      if (compact !== null) kept.push(compact)
      const used = compact === null ? [] : bytesOf(compact)
      for (const body of bodies) if (!used.includes(body)) giveBack(body)
    }
    return kept.length === 0 ? noRows(this.identity.partition) : joinRows(kept)
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

  #group(index: number): RowGroupInfo {
    const group = this.rowGroups[index]
    if (group === undefined) throw new RangeError(`${this.#source.path} has no row group ${index}`)
    return group
  }

  async #decode(
    part: PagesOfRows,
    columns: readonly StoredColumn[],
  ): Promise<{ rows: RowBatch; bodies: readonly Buffer[] }> {
    const { path } = this.#source
    return await guardedWork(path, partName(part), async () => {
      const pages = await Promise.all(columns.map((column) => decodePages(column, path)))
      const byColumn = new Map(columns.map(({ column }, i) => [column, pages[i]!]))
      return {
        rows: rowsOf(byColumn, part.rows, this.identity.partition),
        bodies: pages.flat().map(({ body }) => body),
      }
    })
  }

  /** The bytes of some columns of each of these parts; what lies at most `maxGapBytes` apart is one request. */
  async #stored(
    group: RowGroupInfo,
    parts: readonly PagesOfRows[],
    leaves: readonly Column[],
    maxGapBytes: number,
  ): Promise<StoredColumn[][]> {
    const ranges = parts.flatMap(({ chunks }) => leaves.map((leaf) => chunks[leaf]))
    const stored = await readRanges(this.#source, ranges, maxGapBytes)
    return parts.map(({ chunks }, part) =>
      leaves.map((column, leaf) => ({
        column,
        stored: stored[part * leaves.length + leaf]!,
        codec: group.chunks[column].codec,
        entries: chunks[column].entries,
      })),
    )
  }
}

/** The memory in which the bytes of rows lie. */
function bytesOf({ key, value, headers }: RowBatch): Buffer[] {
  return [key.bytes, value.bytes, headers.keys.bytes, headers.values.bytes]
}

function leavesOf(columns: readonly BatchColumn[]): Column[] {
  return allColumns.filter((column) => columns.includes(column)).flatMap((column) => leafColumns[column])
}

/** Pages of all columns with the same rows: those of a row group, or fewer. */
interface PagesOfRows extends RowBounds {
  chunks: Readonly<Record<Column, ByteRange & { entries: number | null }>>
}

function filterName(index: number): string {
  return `the bloom filter of row group ${index}`
}

function partName({ minOffset, maxOffset }: RowBounds): string {
  return `its part with offsets ${minOffset} to ${maxOffset}`
}

/** Whatever goes wrong in decoding is damage of the bytes, unless it says itself what it is. */
function guarded<T>(path: string, part: string, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    throw damageOf(path, part, error)
  }
}

async function guardedWork<T>(path: string, part: string, decode: () => Promise<T>): Promise<T> {
  try {
    return await decode()
  } catch (error) {
    throw damageOf(path, part, error)
  }
}

function damageOf(path: string, part: string, error: unknown): ColdstreamError {
  if (error instanceof ColdstreamError) return error
  return damagedSegment(path, `${part} cannot be read (${error instanceof Error ? error.message : error})`, error)
}
