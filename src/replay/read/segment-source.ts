import { concurrently } from '../../catalog/concurrently.ts'
import { DamagedDataError, InvalidInputError } from '../../errors.ts'
import { hasCommittedExtent, SegmentReader } from '../../format/parquet/index.ts'
import type { RowBatch } from '../../format/row-batch.ts'
import type { CommittedSegment } from '../../format/segment.ts'
import type { RowCriteria } from '../../format/select/row-criteria.ts'
import { coversOffsets, coversTimes, extentOf, type RowWindow } from '../../format/select/row-window.ts'
import { type GroupPart, WantedRows } from '../../format/select/wanted-rows.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import {
  damagedRows,
  type ReadBytes,
  rangedBytes,
  unlessMissing,
  verifiedBytes,
  verifiedCopy,
} from './checked-object.ts'
import type { OpenSegment } from './merge.ts'
import type { OffsetPicker } from './offset-picker.ts'

export interface SegmentSourceOptions {
  store: ObjectStore
  segment: CommittedSegment
  /** What the segment is a part of. */
  topic: string
  incarnation: number
  partition: number
  window: RowWindow
  /** null: no condition. */
  criteria: RowCriteria | null
  /** null: no condition. */
  picker: OffsetPicker | null
  signal: AbortSignal
}

/** Objects up to this size are read whole: a request takes longer than their bytes. */
const smallBytes = 32 * 1024
/** What is read first of a larger one: its footer, and as a rule its page index. */
const minTailBytes = 4 * 1024
const maxTailBytes = 16 * 1024
/** Row groups that are looked at side by side. */
const concurrentGroups = 8

/**
 * Opens a segment for its rows that meet window, criteria and picker. Batches ascend by offset; a batch without rows
 * says that a row group was looked through. Throws DamagedDataError `segment-damaged` or `segment-missing`, which name
 * the object and its offsets, and whatever the picker throws.
 *
 * An object is read in one of two ways:
 * - Whole, held to the SHA-256 of the commit: where all of its rows are in the window and nothing else is asked of them;
 *   where it is small; where bounds leave more than half of it (unless single keys are asked for, which few rows have);
 *   and where a picker is to judge its rows, because nobody would see damage in those that it does not pick.
 * - By ranges: footer, bloom filter, page index, then only pages that may hold wanted rows. A part of an object cannot be
 *   held to the SHA-256 of the whole. What guards the rows then is each page's CRC-32, and that the object's size, the
 *   footer's identity, number of rows, offsets and times are the commit's. Damage in what is not read does no harm. Only
 *   bounds of keys, bloom filter and page index have no checksum: the store is trusted to give back what was put there.
 */
export async function openSegment(options: SegmentSourceOptions): Promise<OpenSegment> {
  const { segment, signal } = options
  signal.throwIfAborted()
  return await namingSegment(segment, async () => {
    const batches = readFound(await findRows(options), segment)
    return {
      async next(): Promise<RowBatch | null> {
        signal.throwIfAborted()
        const batch = await namingSegment(segment, () => batches.next())
        return batch.done ? null : batch.value
      },
    }
  })
}

/** The rows of what was found, a few at a time. */
async function* readFound(
  { reader, wanted, parts }: Found,
  segment: CommittedSegment,
): AsyncGenerator<RowBatch, void, undefined> {
  let last = -1n
  for (const part of parts) {
    for await (const rows of wanted.read(reader, part)) {
      checkOrder(rows, last, segment)
      last = rows.offset.at(-1) ?? last
      yield rows
    }
  }
}

/** Where the wanted rows may be, in a segment that was opened. */
interface Found {
  reader: SegmentReader
  wanted: WantedRows
  parts: GroupPart[]
}

async function findRows(options: SegmentSourceOptions): Promise<Found> {
  const { store, segment, window, criteria, picker } = options
  const wanted = new WantedRows(window, criteria, null)
  if (!isWholeWanted(options)) {
    const ranged = await find(await openByRanges(options), wanted)
    if (ranged.parts.length === 0 || (picker === null && !isMostOf(ranged, options))) return ranged
  }
  if (picker === null) return await find(await openReader(options, await verifiedBytes(store, segment)), wanted)
  return await findPicked(options, picker)
}

async function findPicked(options: SegmentSourceOptions, picker: OffsetPicker): Promise<Found> {
  const { store, segment, window, criteria, signal } = options
  // What is damaged is named before anybody looks through it: by who makes the copies, or here.
  const verified = picker.looksAtCopies ? null : await verifiedBytes(store, segment)
  const picked = await unlessMissing(segment, () => picker.pick(segment, signal))
  const read = verified ?? (await verifiedCopy(segment, picker)) ?? (await verifiedBytes(store, segment))
  return await find(await openReader(options, read), new WantedRows(window, criteria, picked))
}

function isWholeWanted({ segment, window, criteria }: SegmentSourceOptions): boolean {
  if (segment.bytes <= smallBytes) return true
  const extent = extentOf(segment)
  return criteria === null && coversOffsets(window, extent) && coversTimes(window, extent)
}

/** Whether what bounds leave is so much that the rest might as well be read. */
function isMostOf({ reader, parts }: Found, { segment, criteria }: SegmentSourceOptions): boolean {
  if (criteria?.keys && criteria.keys.prefixes.length === 0) return false
  let bytes = 0
  for (const { group, pages } of parts) {
    for (const { chunks } of pages ?? [reader.rowGroups[group]!]) {
      for (const { startByte, endByte } of Object.values(chunks)) bytes += endByte - startByte
    }
  }
  return bytes > segment.bytes / 2
}

async function find(reader: SegmentReader, wanted: WantedRows): Promise<Found> {
  const parts = await concurrently(reader.rowGroups, concurrentGroups, (_, group) => wanted.find(reader, group))
  return { reader, wanted, parts: parts.filter((part) => part !== null) }
}

async function openByRanges(options: SegmentSourceOptions): Promise<SegmentReader> {
  const { store, segment } = options
  const tailBytes = Math.min(maxTailBytes, Math.max(minTailBytes, Math.floor(segment.bytes / 256)))
  const reader = await openReader(options, rangedBytes(store, segment), tailBytes)
  if (!hasCommittedExtent(reader, segment)) {
    throw damagedRows(segment, 'the bounds of its row groups are not what was committed')
  }
  return reader
}

async function openReader(options: SegmentSourceOptions, read: ReadBytes, tailBytes?: number): Promise<SegmentReader> {
  const { segment } = options
  const source = { path: segment.path, bytes: segment.bytes, read }
  const reader = await SegmentReader.open(source, tailBytes === undefined ? {} : { tailBytes })
  const { topic, incarnation, partition } = reader.identity
  if (topic !== options.topic || incarnation !== options.incarnation || partition !== options.partition) {
    throw damagedRows(
      segment,
      `it says of itself that it is of ${topic}, incarnation ${incarnation}, partition ${partition}`,
    )
  }
  if (reader.records !== segment.records) {
    throw damagedRows(segment, `it holds ${reader.records} rows where ${segment.records} were committed`)
  }
  return reader
}

/** Merging by offset relies on it, and a record must not be emitted twice. `last` is the offset before the batch. */
function checkOrder({ offset, rows }: RowBatch, last: bigint, segment: CommittedSegment): void {
  if (rows === 0) return
  const disorder = (row: number, before: bigint): DamagedDataError =>
    damagedRows(segment, `offset ${offset[row]} stands after ${before}`)
  if (offset[0]! <= last) throw disorder(0, last)
  for (let row = 1; row < rows; row += 1) if (offset[row]! <= offset[row - 1]!) throw disorder(row, offset[row - 1]!)
  if (offset[0]! < segment.firstOffset || offset[rows - 1]! > segment.lastOffset) {
    throw damagedRows(segment, `it holds offsets ${offset[0]} to ${offset[rows - 1]}, outside of what was committed`)
  }
}

/** What is found damaged in a segment is said with its object and offsets, whoever found it. */
async function namingSegment<T>(segment: CommittedSegment, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const isDamage =
      (error instanceof DamagedDataError && error.details.object === undefined) ||
      (error instanceof InvalidInputError && error.code === 'segment-foreign')
    throw isDamage ? damagedRows(segment, error.message, error) : error
  }
}
