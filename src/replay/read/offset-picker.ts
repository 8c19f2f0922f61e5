import type { CommittedSegment } from '../../format/segment.ts'

/** What selects rows by something that only an engine can judge, such as an SQL condition. */
export interface OffsetPicker {
  /**
   * Offsets of the segment's rows that are selected, ascending. There may be others among them, of rows that other
   * segments of the partition hold.
   */
  pick(segment: CommittedSegment, signal: AbortSignal): Promise<BigInt64Array>
  /** Whether it picks from copies of its own, held to the commits' checksums when they were made. */
  readonly looksAtCopies: boolean
  /** Its copy of a segment, maybe damaged since; null when it has none. */
  copyOf(segment: CommittedSegment): Promise<Buffer | null>
}
