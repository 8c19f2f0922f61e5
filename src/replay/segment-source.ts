import { SegmentReader } from '../format/parquet/index.ts'
import type { RowBatch } from '../format/row-batch.ts'
import type { CommittedSegment } from '../format/segment.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { damagedRows, verifiedBytes } from './checked-object.ts'
import type { OpenSegment } from './merge.ts'

export interface SegmentSourceOptions {
  store: ObjectStore
  segment: CommittedSegment
  /** What the segment is a part of. */
  topic: string
  incarnation: number
  partition: number
  /** Row groups that hold nothing of these are not read. Offsets and timestamps `[from, until)`; null: no bound. */
  window: RowWindow
}

interface RowWindow {
  fromOffset: bigint
  untilOffset: bigint
  fromTimestampMs: number | null
  untilTimestampMs: number | null
}

/**
 * Opens a segment after its bytes were found to be the ones that the commit log speaks of. Throws DamagedDataError
 * `segment-damaged` or `segment-missing`, which name the object and its offsets.
 */
export async function openSegment(options: SegmentSourceOptions): Promise<OpenSegment> {
  const { store, segment, window } = options
  const read = await verifiedBytes(store, segment)
  const reader = await SegmentReader.open({ path: segment.path, bytes: segment.bytes, read })
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
  let group = 0
  return {
    async next(): Promise<RowBatch | null> {
      while (group < reader.rowGroups.length && !isWithin(reader.rowGroups[group]!, window)) group += 1
      if (group === reader.rowGroups.length) return null
      const rows = await reader.readRowGroup(group)
      group += 1
      checkOrder(rows, segment)
      return rows
    },
  }
}

interface RowGroupBounds {
  minOffset: bigint
  maxOffset: bigint
  minTimestampMicros: bigint
  maxTimestampMicros: bigint
}

function isWithin(group: RowGroupBounds, window: RowWindow): boolean {
  if (group.maxOffset < window.fromOffset || group.minOffset >= window.untilOffset) return false
  const { fromTimestampMs, untilTimestampMs } = window
  if (fromTimestampMs !== null && group.maxTimestampMicros < BigInt(fromTimestampMs) * 1000n) return false
  return untilTimestampMs === null || group.minTimestampMicros < BigInt(untilTimestampMs) * 1000n
}

/** Merging by offset relies on it, and a record must not be emitted twice. */
function checkOrder({ offset, rows }: RowBatch, segment: CommittedSegment): void {
  for (let row = 1; row < rows; row += 1) {
    if (offset[row]! <= offset[row - 1]!) {
      throw damagedRows(segment, `offset ${offset[row]} stands after ${offset[row - 1]}`)
    }
  }
  if (rows > 0 && (offset[0]! < segment.firstOffset || offset[rows - 1]! > segment.lastOffset)) {
    throw damagedRows(segment, `it holds offsets ${offset[0]} to ${offset[rows - 1]}, outside of what was committed`)
  }
}
