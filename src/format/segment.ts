/** What a segment's footer says of itself, beside the rows. */
export interface SegmentIdentity {
  topic: string
  incarnation: number
  partition: number
  timestampType: 'create' | 'append'
}

/** A segment as an intent announces it: its place and its boundaries are fixed before a byte of it is visible. */
export interface PlannedSegment {
  /** Object path below the archive's root. */
  path: string
  firstOffset: bigint
  /** Inclusive. */
  lastOffset: bigint
  records: number
}

/** A segment as a commit states it: what the object that exists holds. `records` is 0 for one that only fences its path. */
export interface CommittedSegment extends PlannedSegment {
  /** Smallest and largest record timestamp; both 0 when there are no records. */
  minTimestampMs: number
  maxTimestampMs: number
  bytes: number
  /** Of the whole object, hex. */
  sha256: string
}

/**
 * A finished segment on its way to the store, whatever path it gets there. Without records its first offset is 0, its last
 * -1, and both timestamps are 0.
 */
export interface BuiltSegment extends Omit<CommittedSegment, 'path'> {
  /** The whole file, in order; `bytes` is the sum of their lengths. */
  chunks: readonly Uint8Array[]
}
