import type { PartitionSnapshot } from '../../catalog/snapshot.ts'
import type { CommittedSegment } from '../../format/segment.ts'
import type { Selection } from '../request/selection.ts'

/** Offsets `[from, next)` that the archive covers. */
export function archivedRange(snapshot: PartitionSnapshot): { from: bigint; next: bigint } {
  return snapshot.archived ?? { from: 0n, next: 0n }
}

/** Offsets `[from, until)` that are archived and asked for. */
export function offsetWindow(snapshot: PartitionSnapshot, selection: Selection): { from: bigint; until: bigint } {
  const archived = archivedRange(snapshot)
  const from = max(selection.fromOffsets.get(snapshot.partition) ?? archived.from, archived.from)
  const until = min(selection.untilOffsets.get(snapshot.partition) ?? archived.next, archived.next)
  return { from: min(from, until), until }
}

/** Segments that hold rows, ascending. */
export function byFirstOffset(segments: readonly CommittedSegment[]): CommittedSegment[] {
  return segments
    .filter(({ records }) => records > 0)
    .sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : a.firstOffset > b.firstOffset ? 1 : 0))
}

/** Record timestamps `[from, until)` in milliseconds, infinite where there is no bound. */
export interface TimeWindow {
  from: number
  until: number
}

export function timeWindow(selection: Selection): TimeWindow {
  return {
    from: selection.fromTimestampMs ?? Number.NEGATIVE_INFINITY,
    until: selection.untilTimestampMs ?? Number.POSITIVE_INFINITY,
  }
}

export function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

export function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
