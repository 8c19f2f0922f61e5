import type { SegmentIdentity } from '../format/segment.ts'

/** Reads what a segment that lies in the store says of itself. */
export interface SegmentDescriber {
  /** Throws DamagedDataError when the object is no whole segment of ours. */
  describe(source: SegmentSource): Promise<SegmentDescription>
}

/** A stored object, read piece by piece. */
export interface SegmentSource {
  path: string
  bytes: number
  /** Bytes `[start, end)` of the object. */
  read(start: number, end: number): Promise<Buffer>
}

export interface SegmentDescription {
  identity: Pick<SegmentIdentity, 'topic' | 'incarnation' | 'partition'>
  /** Offsets of all rows, in the order of the rows. */
  offsets: BigInt64Array
  /** Smallest and largest record timestamp; both 0 when there are no rows. */
  minTimestampMs: number
  maxTimestampMs: number
}
