import type { PartitionSnapshot } from '../../catalog/snapshot.ts'
import { unpackGapSet } from '../../format/gap-set.ts'
import { LOSSES } from '../../format/gaps.ts'
import type { CommittedSegment } from '../../format/segment.ts'
import type { GapReason } from '../../ports/record-block.ts'
import type { Selection } from '../request/selection.ts'
import { archivedRange, byFirstOffset, max, min, offsetWindow, type TimeWindow, timeWindow } from './selected-range.ts'

/** Offsets that the selection covers and the archive does not hold, although they may have been selected records. */
export interface MissingRange {
  partition: number
  firstOffset: bigint
  /** Inclusive. */
  lastOffset: bigint
  /** `unarchived`: asked for by number, and not archived yet, or gone before the archive began. */
  reason: GapReason | 'unarchived'
}

/** What of a partition the selection covers and the archive lost or never had. */
export function findMissing(topic: string, snapshot: PartitionSnapshot, selection: Selection): MissingRange[] {
  const { partition } = snapshot
  const { from, until } = offsetWindow(snapshot, selection)
  const archived = archivedRange(snapshot)
  const askedFrom = selection.fromOffsets.get(partition)
  const askedUntil = selection.untilOffsets.get(partition)
  const missing: MissingRange[] = []
  if (askedFrom !== undefined && askedFrom < archived.from) {
    const lastOffset = min(archived.from, askedUntil ?? archived.from) - 1n
    missing.push({ partition, firstOffset: askedFrom, lastOffset, reason: 'unarchived' })
  }
  const segments = byFirstOffset(snapshot.segments)
  const window = timeWindow(selection)
  const lost = snapshot.gaps
    .filter(({ reason }) => LOSSES.has(reason))
    .flatMap((set) => [...unpackGapSet(set, `${topic}, partition ${partition}`)])
    .filter((gap) => gap.lastOffset >= from && gap.firstOffset < until && mayLieInWindow(gap, segments, window))
    .sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
  for (const { firstOffset, lastOffset, reason } of lost) missing.push({ partition, firstOffset, lastOffset, reason })
  if (askedUntil !== undefined && askedUntil > archived.next) {
    const firstOffset = max(archived.next, askedFrom ?? archived.next)
    missing.push({ partition, firstOffset, lastOffset: askedUntil - 1n, reason: 'unarchived' })
  }
  return missing
}

/**
 * Nobody knows the timestamps of lost records. They are taken to lie between those of the segments around the gap, so
 * that a loss of last year does not stand in the way of yesterday's replay.
 */
function mayLieInWindow(gap: OffsetRange, segments: readonly CommittedSegment[], window: TimeWindow): boolean {
  const before = segments.findLast(({ firstOffset }) => firstOffset <= gap.firstOffset)
  let after: CommittedSegment | undefined
  for (const segment of segments) {
    if (segment.lastOffset >= gap.lastOffset && (after === undefined || segment.lastOffset < after.lastOffset)) {
      after = segment
    }
  }
  const earliest = before?.minTimestampMs ?? Number.NEGATIVE_INFINITY
  const latest = after?.maxTimestampMs ?? Number.POSITIVE_INFINITY
  return latest >= window.from && earliest < window.until
}

interface OffsetRange {
  firstOffset: bigint
  lastOffset: bigint
}
