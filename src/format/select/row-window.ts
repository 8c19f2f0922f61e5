import type { RowBounds } from '../parquet/index.ts'
import type { RowBatch } from '../row-batch.ts'
import type { CommittedSegment } from '../segment.ts'

/** Which rows are wanted by place and time. Offsets and timestamps `[from, until)`; null: no bound. */
export interface RowWindow {
  fromOffset: bigint
  untilOffset: bigint
  fromTimestampMs: number | null
  untilTimestampMs: number | null
}

/** The extent of rows, inclusive. */
type Extent = Pick<RowBounds, 'minOffset' | 'maxOffset' | 'minTimestampMicros' | 'maxTimestampMicros'>

/** Whether rows of this extent may lie in the window. */
export function overlaps(window: RowWindow, extent: Extent): boolean {
  return (
    extent.maxOffset >= window.fromOffset &&
    extent.minOffset < window.untilOffset &&
    extent.maxTimestampMicros >= fromMicros(window) &&
    extent.minTimestampMicros < untilMicros(window)
  )
}

/** Whether all rows of this extent have offsets that the window wants. */
export function coversOffsets(window: RowWindow, { minOffset, maxOffset }: Extent): boolean {
  return minOffset >= window.fromOffset && maxOffset < window.untilOffset
}

/** Whether all rows of this extent have timestamps that the window wants. */
export function coversTimes(window: RowWindow, { minTimestampMicros, maxTimestampMicros }: Extent): boolean {
  return minTimestampMicros >= fromMicros(window) && maxTimestampMicros < untilMicros(window)
}

/** What the commit says of a segment's rows. Its times are whole milliseconds: the largest may stand for 999 µs more. */
export function extentOf({ firstOffset, lastOffset, minTimestampMs, maxTimestampMs }: CommittedSegment): Extent {
  return {
    minOffset: firstOffset,
    maxOffset: lastOffset,
    minTimestampMicros: BigInt(minTimestampMs) * 1000n,
    maxTimestampMicros: BigInt(maxTimestampMs) * 1000n + 999n,
  }
}

/** Tells whether a row's offset is in the window. */
export function offsetTest({ fromOffset, untilOffset }: RowWindow): (rows: RowBatch, row: number) => boolean {
  return ({ offset }, row) => offset[row]! >= fromOffset && offset[row]! < untilOffset
}

/** Tells whether a row's timestamp is in the window. */
export function timeTest(window: RowWindow): (rows: RowBatch, row: number) => boolean {
  const from = fromMicros(window)
  const until = untilMicros(window)
  return ({ timestampMicros }, row) => timestampMicros[row]! >= from && timestampMicros[row]! < until
}

function fromMicros({ fromTimestampMs }: RowWindow): bigint {
  return fromTimestampMs === null ? -(2n ** 63n) : BigInt(fromTimestampMs) * 1000n
}

function untilMicros({ untilTimestampMs }: RowWindow): bigint {
  return untilTimestampMs === null ? 2n ** 63n : BigInt(untilTimestampMs) * 1000n
}
