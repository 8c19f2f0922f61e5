import type { CommittedSegment } from '../format/segment.ts'
import type { TimeWindow } from '../ports/query-engine.ts'

/** Whether a segment may hold rows of the window. Its times are whole milliseconds: the largest may stand for 999 µs more. */
export function overlaps(segment: CommittedSegment, window: TimeWindow | null): boolean {
  if (window === null) return true
  const { fromMicros, untilMicros } = window
  if (fromMicros !== null && BigInt(segment.maxTimestampMs) * 1000n + 999n < fromMicros) return false
  return untilMicros === null || BigInt(segment.minTimestampMs) * 1000n < untilMicros
}
