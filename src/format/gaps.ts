import type { GapReason } from '../ports/record-block.ts'

/** A run of offsets that have no row, all for one reason. */
export interface Gap {
  reason: GapReason
  firstOffset: bigint
  /** Inclusive. */
  lastOffset: bigint
}
