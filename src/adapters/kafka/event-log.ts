import type { CheckResult } from '../../ports/check-result.ts'
import type {
  AcknowledgedPosition,
  EventLog,
  EventReader,
  EventWriter,
  PartitionBounds,
  ReaderOptions,
  ReadPosition,
  TargetInfo,
  TargetOptions,
  TopicIdentity,
  TopicInfo,
  WriterId,
} from '../../ports/event-log.ts'
import type { GroupMember, GroupOptions } from '../../ports/group-membership.ts'
import type { RecordBlock } from '../../ports/record-block.ts'
import { append } from './append.ts'
import { KafkaCluster } from './cluster.ts'
import { joinGroup } from './group/join-group.ts'
import { commitGroupOffsets } from './group-offsets.ts'
import { inspectCluster } from './health.ts'
import { judgeCluster } from './judge-cluster.ts'
import { listOffsets } from './offsets.ts'
import type { KafkaOptions } from './options.ts'
import { isProgressTopic } from './progress-log.ts'
import { KafkaReader } from './reader.ts'
import { KafkaRetention } from './retention.ts'
import { createTarget, inspectTarget } from './target.ts'
import { topicConfigs } from './topic-config.ts'
import { KafkaWriter } from './writer.ts'

/** A Kafka cluster as an event log; brokers of Kafka 3.1 or newer (reading by topic id). */
export class KafkaEventLog implements EventLog {
  readonly name: string
  /** What decides how long this cluster keeps records. */
  readonly retention: KafkaRetention
  readonly #cluster: KafkaCluster
  readonly #options: KafkaOptions

  private constructor(cluster: KafkaCluster, options: KafkaOptions) {
    this.#cluster = cluster
    this.#options = options
    this.retention = new KafkaRetention(cluster)
    this.name = `kafka at ${options.brokers.join(',')}`
  }

  /**
   * Connects to the first broker that can be reached. Throws UnavailableError `broker-unreachable` or
   * `broker-authentication-failed`, InvalidInputError `broker-address-invalid`.
   */
  static async connect(options: KafkaOptions): Promise<KafkaEventLog> {
    const cluster = new KafkaCluster(options)
    try {
      await cluster.refresh([])
    } catch (error) {
      await cluster.close()
      throw error
    }
    return new KafkaEventLog(cluster, options)
  }

  async clusterId(): Promise<string | null> {
    await this.#cluster.refresh([])
    return this.#cluster.metadata.clusterId
  }

  async describe(topics: readonly string[]): Promise<TopicInfo[]> {
    const found = await this.#cluster.refresh(topics)
    const names = found.map((topic) => topic.topic)
    const configs = await topicConfigs(this.#cluster, names, ['message.timestamp.type'])
    return found.map(({ topic, incarnationId, partitions }) => ({
      topic,
      incarnationId,
      partitions: partitions.length,
      timestampType: configs.get(topic)?.get('message.timestamp.type') === 'LogAppendTime' ? 'append' : 'create',
    }))
  }

  async listTopics(): Promise<string[]> {
    const all = await this.#cluster.refresh(null)
    return all
      .filter((topic) => !topic.internal && !isProgressTopic(topic.topic))
      .map((topic) => topic.topic)
      .sort()
  }

  async bounds(topic: TopicIdentity, partitions: readonly number[]): Promise<PartitionBounds[]> {
    const [first, end] = await Promise.all([
      listOffsets(this.#cluster, topic, partitions, 'earliest'),
      listOffsets(this.#cluster, topic, partitions, 'latest-committed'),
    ])
    return partitions.map((partition, index) => ({ partition, first: first[index]!, end: end[index]! }))
  }

  openReader(positions: readonly ReadPosition[], options: ReaderOptions): Promise<EventReader> {
    return Promise.resolve(new KafkaReader(this.#cluster, positions, options))
  }

  acknowledge(consumer: string, positions: readonly AcknowledgedPosition[]): Promise<void> {
    return commitGroupOffsets(this.#cluster, consumer, positions)
  }

  joinGroup(options: GroupOptions): Promise<GroupMember> {
    return joinGroup(this.#cluster, options)
  }

  append(topic: string, block: RecordBlock): Promise<void> {
    return append(this.#cluster, topic, block)
  }

  createTarget(topic: string, options: TargetOptions): Promise<void> {
    return createTarget(this.#cluster, topic, options)
  }

  inspectTarget(topic: string): Promise<TargetInfo | null> {
    return inspectTarget(this.#cluster, topic)
  }

  openWriter(id: WriterId): Promise<EventWriter> {
    return KafkaWriter.open(this.#cluster, id, this.openReader.bind(this), {
      codec: this.#options.produceCodec ?? 'zstd',
    })
  }

  async examine(topics: readonly string[]): Promise<CheckResult[]> {
    return judgeCluster(await inspectCluster(this.#cluster, topics))
  }

  close(): Promise<void> {
    return this.#cluster.close()
  }
}
