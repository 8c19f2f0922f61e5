import type { IncarnationSnapshot, PartitionSnapshot, TopicSnapshot } from '../../catalog/snapshot.ts'
import type { Selection } from '../request/selection.ts'
import { findMissing } from './missing.ts'
import type { PartitionPlan, SourceFacts, SourcePlan } from './plan.ts'
import { byFirstOffset, offsetWindow, timeWindow } from './selected-range.ts'

/** Which archived segments of one topic hold what the selection asks for, and what of it is missing. */
export function planSource(
  snapshot: TopicSnapshot,
  selection: Selection,
  target: string,
): { plan: SourcePlan; facts: SourceFacts } {
  const { topic } = snapshot
  const incarnation = chooseIncarnation(snapshot, selection.incarnation)
  const archived = incarnation?.partitions ?? []
  const numbers = archived.map(({ partition }) => partition)
  const asked = new Set(selection.partitions ?? [...numbers, ...boundPartitions(selection)])
  const chosen = archived.filter(({ partition }) => asked.has(partition))
  return {
    plan: {
      ...{ topic, target },
      incarnation: incarnation?.incarnation ?? 0,
      incarnationId: incarnation?.incarnationId ?? null,
      partitions: chosen.map((partition) => planPartition(partition, selection)),
    },
    facts: {
      topic,
      sourcePartitions: Math.max(-1, ...numbers) + 1,
      missing: chosen.flatMap((partition) => findMissing(topic, partition, selection)),
      unknownPartitions: [...asked].filter((partition) => !numbers.includes(partition)).sort((a, b) => a - b),
    },
  }
}

function chooseIncarnation(snapshot: TopicSnapshot, asked: number | null): IncarnationSnapshot | undefined {
  // A topic that was just created again is not what "the latest" means as long as nothing of it is archived.
  if (asked === null) return snapshot.incarnations.findLast(({ partitions }) => partitions.length > 0)
  return snapshot.incarnations.find(({ incarnation }) => incarnation === asked)
}

function boundPartitions(selection: Selection): number[] {
  return [...selection.fromOffsets.keys(), ...selection.untilOffsets.keys()]
}

function planPartition(snapshot: PartitionSnapshot, selection: Selection): PartitionPlan {
  const { from, until } = offsetWindow(snapshot, selection)
  const window = timeWindow(selection)
  const segments = byFirstOffset(snapshot.segments).filter(
    (segment) =>
      segment.lastOffset >= from &&
      segment.firstOffset < until &&
      segment.maxTimestampMs >= window.from &&
      segment.minTimestampMs < window.until,
  )
  return { partition: snapshot.partition, from, until, segments, liveUntil: null }
}
