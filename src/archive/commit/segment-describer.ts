import type { SegmentSource } from '../../format/parquet/index.ts'
import type { SegmentIdentity } from '../../format/segment.ts'

/** Reads what a segment that lies in the store says of itself. */
export interface SegmentDescriber {
  /** Throws DamagedDataError or InvalidInputError when the object is no whole segment of ours. */
  describe(source: SegmentSource): Promise<SegmentDescription>
}

export interface SegmentDescription {
  identity: Pick<SegmentIdentity, 'topic' | 'incarnation' | 'partition'>
  /** Offsets of all rows, in the order of the rows. */
  offsets: BigInt64Array
  /** Smallest and largest record timestamp; both 0 when there are no rows. */
  minTimestampMs: number
  maxTimestampMs: number
}
