import type { EventLog } from '../ports/event-log.ts'
import type { ArchivedTopic } from './archive-snapshots.ts'

/** How far what a query has seen of a partition is behind the broker. */
export interface PartitionFreshness {
  topic: string
  partition: number
  /** The first offset that is not archived. */
  archivedUntil: bigint
  /** The offset after the last one that readers can reach at the broker now; null: the broker has no such partition. */
  brokerEnd: bigint | null
  /** Offsets in between; null where the broker has none. */
  behindOffsets: bigint | null
  /**
   * Seconds since the newest archived record: what is missing is not older, where times ascend. 0 when nothing is missing,
   * null where it is not known.
   */
  behindSeconds: number | null
}

type Broker = Pick<EventLog, 'describe' | 'bounds'>

/** Compares topics, as a query was shown them, with the broker. Throws UnavailableError `broker-unreachable`. */
export async function freshnessOf(
  topics: ReadonlyMap<string, ArchivedTopic>,
  broker: Broker,
  nowMs: number,
): Promise<PartitionFreshness[]> {
  const described = await broker.describe([...topics.keys()])
  const found: PartitionFreshness[] = []
  for (const [topic, archived] of topics) {
    const info = described.find((candidate) => candidate.topic === topic)
    // After a topic was deleted and created again, nothing of what the broker has is archived.
    const isSame = info?.incarnationId === archived.incarnationId
    const positions = new Map(archived.positions.map((position) => [position.partition, position]))
    const partitions = Array.from({ length: info?.partitions ?? 0 }, (_, partition) => partition)
    const bounds = info === undefined ? [] : await broker.bounds(info, partitions)
    for (const { partition, first, end } of bounds) {
      const position = isSame ? positions.get(partition) : undefined
      const archivedUntil = position?.next ?? first
      const behindOffsets = end > archivedUntil ? end - archivedUntil : 0n
      const newestMs = position?.newestMs ?? null
      const sinceSeconds = newestMs === null ? null : Math.max(0, (nowMs - newestMs) / 1000)
      const behindSeconds = behindOffsets === 0n ? 0 : sinceSeconds
      found.push({ topic, partition, archivedUntil, brokerEnd: end, behindOffsets, behindSeconds })
    }
    if (info !== undefined) continue
    for (const { partition, next } of archived.positions) {
      const none = { brokerEnd: null, behindOffsets: null, behindSeconds: null }
      found.push({ topic, partition, archivedUntil: next ?? 0n, ...none })
    }
  }
  return found
}
