import type { AssignedPartition } from '../../../ports/group-membership.ts'
import type { KafkaCluster } from '../cluster.ts'

/** Partitions of one topic as KIP-848 names them. */
export interface TopicIdPartitions {
  topicId: string
  partitions: number[]
}

/** The names of topics that a group assigns by id. */
export class TopicNames {
  readonly #cluster: KafkaCluster
  readonly #names: Map<string, string> = new Map()

  constructor(cluster: KafkaCluster) {
    this.#cluster = cluster
  }

  /**
   * The partitions of topics whose name is known, asking for those of `topics` when some is not; `complete` is false when
   * one stays unknown: it was deleted, or the broker that was asked has not heard of it yet.
   */
  async resolve(
    assigned: readonly TopicIdPartitions[],
    topics: readonly string[],
  ): Promise<{ partitions: AssignedPartition[]; complete: boolean }> {
    const unknown = (): boolean => assigned.some(({ topicId }) => !this.#names.has(topicId))
    if (unknown()) {
      const told = await this.#cluster.refresh(topics)
      for (const { topic, incarnationId } of told) this.#names.set(incarnationId, topic)
    }
    const partitions = assigned.flatMap(({ topicId, partitions }) => {
      const topic = this.#names.get(topicId)
      if (topic === undefined) return []
      return partitions.map((partition) => ({ topic, incarnationId: topicId, partition }))
    })
    return { partitions, complete: !unknown() }
  }
}

/** The way back: partitions grouped by the id of their topic. */
export function byTopicId(partitions: readonly AssignedPartition[]): TopicIdPartitions[] {
  const grouped = Map.groupBy(partitions, ({ incarnationId }) => incarnationId)
  return [...grouped].map(([topicId, some]) => ({ topicId, partitions: some.map(({ partition }) => partition) }))
}
