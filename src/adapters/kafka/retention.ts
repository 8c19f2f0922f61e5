import type { TopicIdentity } from '../../ports/event-log.ts'
import type {
  GroupPositions,
  LogExtent,
  LogPlace,
  PartitionBytes,
  RetentionLimits,
  RetentionSource,
} from '../../ports/retention.ts'
import type { KafkaCluster } from './cluster.ts'
import { topicNotFound } from './cluster-metadata.ts'
import { groupPositions } from './group-positions.ts'
import { logSizes } from './log-sizes.ts'
import { listOffsets } from './offsets.ts'
import { recordTimestamps } from './record-timestamps.ts'
import { topicConfigs } from './topic-config.ts'

/** A Kafka cluster's retention. A topic without `delete` in `cleanup.policy` has none, whatever its other settings say. */
export class KafkaRetention implements RetentionSource {
  readonly #cluster: KafkaCluster

  constructor(cluster: KafkaCluster) {
    this.#cluster = cluster
  }

  async limits(topic: string): Promise<RetentionLimits> {
    const names = ['cleanup.policy', 'retention.ms', 'retention.bytes']
    const config = (await topicConfigs(this.#cluster, [topic], names)).get(topic)
    if (config === undefined) throw topicNotFound(topic)
    const policies = (config.get('cleanup.policy') ?? 'delete').split(',').map((policy) => policy.trim())
    if (!policies.includes('delete')) return { ms: null, bytes: null }
    return { ms: limitOf(config.get('retention.ms')), bytes: limitOf(config.get('retention.bytes')) }
  }

  async extents(topic: TopicIdentity, partitions: readonly number[]): Promise<LogExtent[]> {
    const [starts, ends, oldest] = await Promise.all([
      listOffsets(this.#cluster, topic, partitions, 'earliest'),
      // retention also deletes what an undecided transaction keeps from readers
      listOffsets(this.#cluster, topic, partitions, 'latest'),
      listOffsets(this.#cluster, topic, partitions, 'oldest-timestamp'),
    ])
    return partitions.map((partition, index) => ({
      partition,
      logStart: starts[index]!,
      end: ends[index]!,
      oldestTimestampMs: oldest[index]! < 0n ? null : Number(oldest[index]),
    }))
  }

  timestampsAt(topic: TopicIdentity, places: readonly LogPlace[]): Promise<(number | null)[]> {
    return recordTimestamps(this.#cluster, topic, places)
  }

  async sizes(topics: readonly TopicIdentity[]): Promise<PartitionBytes[]> {
    const names = topics.map(({ topic }) => topic)
    const configs = await topicConfigs(this.#cluster, names, ['remote.storage.enable'])
    // of tiered topics brokers tell only the bytes on their own disks, but retention counts all (KIP-405)
    const isWhole = ({ topic }: TopicIdentity): boolean => configs.get(topic)?.get('remote.storage.enable') !== 'true'
    return logSizes(this.#cluster, topics.filter(isWhole))
  }

  groupPositions(topics: readonly string[]): Promise<GroupPositions> {
    return groupPositions(this.#cluster, topics)
  }
}

/** Kafka writes "no limit" as -1. */
function limitOf(value: string | undefined): number | null {
  const limit = Number(value ?? -1)
  return limit < 0 ? null : limit
}
