import type { CommittedSegment } from '../format/segment.ts'

/** Of all these segments together. */
export function bytesOf(segments: readonly CommittedSegment[]): number {
  return segments.reduce((sum, { bytes }) => sum + bytes, 0)
}
