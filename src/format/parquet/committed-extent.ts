import type { CommittedSegment } from '../segment.ts'
import type { SegmentReader } from './segment-reader.ts'

/**
 * Whether a segment's footer has the rows, offsets and times that were committed. The row groups' bounds decide what of it
 * is read at all, and no checksum guards them.
 */
export function hasCommittedExtent({ rowGroups, records }: SegmentReader, segment: CommittedSegment): boolean {
  if (records !== segment.records) return false
  if (rowGroups.length === 0) return true
  const least = (values: bigint[]): bigint => values.reduce((low, value) => (value < low ? value : low))
  return (
    rowGroups[0]!.minOffset === segment.firstOffset &&
    rowGroups.at(-1)!.maxOffset === segment.lastOffset &&
    rowGroups.slice(1).every(({ minOffset }, i) => minOffset > rowGroups[i]!.maxOffset) &&
    least(rowGroups.map((group) => group.minTimestampMicros)) / 1000n === BigInt(segment.minTimestampMs) &&
    -least(rowGroups.map((group) => -group.maxTimestampMicros)) / 1000n === BigInt(segment.maxTimestampMs)
  )
}
