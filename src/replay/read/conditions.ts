import type { CommittedSegment } from '../../format/segment.ts'
import type { PartitionPlan, SourcePlan } from '../plan/plan.ts'
import type { OffsetPicker } from './offset-picker.ts'

/** Judges SQL conditions; the query engine does, which is not this room's to know. */
export interface Conditions {
  /** Throws InvalidInputError `sql-invalid` or `sql-forbidden` unless it is a condition over the topic's columns. */
  validate(condition: string, topic: string, signal: AbortSignal): Promise<void>
  /** What the condition selects of a partition. `ahead`: its segments, in the order in which they will be asked for. */
  of(condition: string, place: ConditionPlace, ahead: readonly CommittedSegment[]): OffsetPicker
}

/** A partition of a topic's incarnation. */
export interface ConditionPlace {
  topic: string
  incarnation: number
  partition: number
}

/** What a selection's condition picks of a partition; null when it has none. */
export function pickerOf(
  conditions: Conditions,
  where: string | null,
  { topic, incarnation }: SourcePlan,
  { partition, segments }: PartitionPlan,
): OffsetPicker | null {
  return where === null ? null : conditions.of(where, { topic, incarnation, partition }, segments)
}
