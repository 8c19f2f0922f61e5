import { concurrently } from '../catalog/concurrently.ts'
import type { SegmentReader } from '../format/parquet/index.ts'
import type { RowBatch } from '../format/row-batch.ts'
import type { CommittedSegment } from '../format/segment.ts'
import type { RowWindow } from '../format/select/row-window.ts'
import { type GroupPart, WantedRows } from '../format/select/wanted-rows.ts'
import { offsetsBetween } from '../format/sorted-offsets.ts'
import type { KeptReaders } from './kept-readers.ts'

/** Which rows of a topic are asked for. */
export interface KeysInWindow {
  keys: readonly Uint8Array[]
  window: RowWindow
}

/** All rows that were asked for, and what was read of the segments to find them. */
export interface KeyRows {
  found: readonly SegmentRows[]
  bytes: number
}

/** Rows of a segment, with bytes of their own. */
export interface SegmentRows {
  segment: CommittedSegment
  rows: RowBatch
}

/** So many rows, and bytes of them, are few; what is more is the engine's to read. */
const FEW_ROWS = 10_000
const FEW_ROWS_BYTES = 16 * 1024 * 1024
/** Of segments together; to have the engine read so much takes no longer than to look for rows in it first. */
export const FEW_SEGMENT_BYTES: number = 4 * 1024 * 1024
/** Row groups that are read at a time: some requests each, which wait more than they work. Each holds what it has found. */
const CONCURRENT_READS = 16

/**
 * The rows of segments with one of the keys, found by reading the keys wherever bounds and bloom filters leave them
 * possible; of what else a segment holds, only pages with such a row are read. Null where there are more than a few.
 * Throws DamagedDataError `segment-damaged` or `segment-missing`, and what the store throws.
 */
export async function rowsOfKeys(
  readers: KeptReaders,
  segments: readonly CommittedSegment[],
  { keys, window }: KeysInWindow,
  signal: AbortSignal,
): Promise<KeyRows | null> {
  const criteria = { keys: { exact: keys.map((key) => Buffer.from(key)), prefixes: [] }, headers: [] }
  const wanted = new WantedRows(window, criteria, null)
  return await readParts(wanted, await findParts(wanted, readers, segments, signal), signal)
}

/** A part of a row group in which wanted rows may be. */
interface Part {
  segment: CommittedSegment
  reader: SegmentReader
  part: GroupPart
}

async function findParts(
  wanted: WantedRows,
  readers: KeptReaders,
  segments: readonly CommittedSegment[],
  signal: AbortSignal,
): Promise<Part[]> {
  const keeps = readers.haveRoomFor(segments)
  const found = await concurrently(segments, CONCURRENT_READS, async (segment) => {
    signal.throwIfAborted()
    const reader = await readers.open(segment, keeps)
    const parts = await Promise.all(reader.rowGroups.map((_, group) => wanted.find(reader, group)))
    return parts.filter((part) => part !== null).map((part) => ({ segment, reader, part }))
  })
  return found.flat()
}

async function readParts(wanted: WantedRows, parts: readonly Part[], signal: AbortSignal): Promise<KeyRows | null> {
  const found: SegmentRows[] = []
  let bytes = 0
  let rowsLeft = FEW_ROWS
  let bytesLeft = FEW_ROWS_BYTES
  const areFew = () => rowsLeft >= 0 && bytesLeft >= 0
  const takeRows = (rows: number) => {
    rowsLeft -= rows
    return areFew()
  }
  await concurrently(parts, CONCURRENT_READS, async ({ segment, reader, part }) => {
    if (!areFew()) return
    for await (const rows of wanted.read(reader, part, takeRows)) {
      signal.throwIfAborted()
      bytesLeft -= rows.key.bytes.length + rows.value.bytes.length + rows.headers.values.bytes.length
      if (rows.rows > 0 && areFew()) found.push({ segment, rows })
      bytes += readBytes(part, rows.offset)
    }
  })
  return areFew() ? { found, bytes } : null
}

/** Of all pages their keys, and of those that hold a found row everything. */
function readBytes({ pages }: GroupPart, offsets: BigInt64Array): number {
  let bytes = 0
  for (const { minOffset, maxOffset, chunks } of pages ?? []) {
    const holdsRow = offsetsBetween(offsets, minOffset, maxOffset).length > 0
    for (const { startByte, endByte } of holdsRow ? Object.values(chunks) : [chunks.key]) bytes += endByte - startByte
  }
  return bytes
}
