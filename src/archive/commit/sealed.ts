import type { Gap } from '../../format/gaps.ts'
import type { IntendEntry, Routing } from '../../format/log-entry.ts'
import type { BuiltSegment, PlannedSegment } from '../../format/segment.ts'

/** What a capture closed at a rotation: every offset of `[from, next)` is a row of one of the segments, or a gap. */
export interface SealedRange {
  /** The partition's archived position, unless nothing is archived yet. */
  from: bigint
  /** Greater than `from`. */
  next: bigint
  routing: Routing
  /** One per time bucket that has rows; may be empty when there are only gaps. */
  segments: readonly SealedSegment[]
  /** Ascending. What is neither a row nor in here is taken to be removed by compaction, or by retention below the broker's first offset. */
  gaps: readonly Gap[]
}

export interface SealedSegment extends PlannedSegment {
  /** The segment's bytes; called again when the commit is tried again. */
  build(): BuiltSegment | Promise<BuiltSegment>
}

/** How a successor gets back what the writer of an unfinished intent did not upload. */
export interface Recovery {
  /**
   * Reads the offsets of the missing segments from the broker again, routes them as `intent.routing` says and builds the segments
   * at the planned paths. A row belongs to the missing segment whose path lies in the row's bucket and whose offsets enclose it.
   */
  rebuild(intent: IntendEntry, missing: readonly PlannedSegment[]): Promise<Rebuilt>
}

export interface Rebuilt {
  /** By path. A segment of which the broker has nothing left is absent, or has no records. */
  segments: ReadonlyMap<string, BuiltSegment>
  /** Gaps seen while reading, ascending. */
  gaps: readonly Gap[]
}
