import type { CommittedSegment } from '../../../format/segment.ts'
import type { OffsetPicker } from './offset-picker.ts'

/** Judges SQL conditions; the query engine does, which is not this room's to know. */
export interface Conditions {
  /** Throws InvalidInputError `sql-invalid` or `sql-forbidden` unless it is a condition over the topic's columns. */
  validate(condition: string, topic: string, signal: AbortSignal): Promise<void>
  /** What the condition selects of a topic. `ahead`: segments of each partition, in the order in which they will be asked for. */
  of(condition: string, topic: string, ahead: readonly (readonly CommittedSegment[])[]): OffsetPicker
}

/** What a selection's condition picks of a partition; null when it has none. */
export function pickerOf(
  conditions: Conditions,
  where: string | null,
  topic: string,
  segments: readonly CommittedSegment[],
): OffsetPicker | null {
  return where === null ? null : conditions.of(where, topic, [segments])
}
