import { NotFoundError } from '../../errors.ts'
import type { CheckResult } from '../../ports/check-result.ts'
import type {
  AcknowledgedPosition,
  EventLog,
  EventReader,
  EventWriter,
  GroupCommit,
  PartitionBounds,
  ReaderOptions,
  ReadPosition,
  ShareId,
  TargetCreation,
  TargetHazard,
  TargetInfo,
  TargetLoad,
  TargetOptions,
  TopicIdentity,
  TopicInfo,
  WriterId,
} from '../../ports/event-log.ts'
import type { GroupMember, GroupOptions, WorkMember, WorkOptions } from '../../ports/group-membership.ts'
import type { RecordBlock } from '../../ports/record-block.ts'
import { append } from './append.ts'
import { KafkaCluster } from './cluster.ts'
import { examineWriting } from './examine-writing.ts'
import { joinGroup } from './group/join-group.ts'
import { joinWork } from './group/join-work.ts'
import { commitGroupOffsets } from './group-offsets.ts'
import { handOver } from './hand-over.ts'
import { inspectCluster } from './health.ts'
import { judgeCluster } from './judge-cluster.ts'
import { listOffsets } from './offsets.ts'
import type { KafkaOptions } from './options.ts'
import { isProgressTopic, ProgressLog } from './progress-log.ts'
import { KafkaReader } from './reader.ts'
import { KafkaRetention } from './retention.ts'
import { createTarget, inspectTarget } from './target.ts'
import { topicConfigs } from './topic-config.ts'
import { KafkaWriter } from './writer.ts'

const unknownLoad: TargetLoad = { firstTimestampMs: null, lastTimestampMs: null, partitionBytes: null }

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
    return joinGroup(this.#cluster, options, this.#options.classicTiming)
  }

  joinWork(options: WorkOptions): Promise<WorkMember> {
    return joinWork(this.#cluster, options)
  }

  commitGroupOffsets(group: string, positions: readonly GroupCommit[]): Promise<void> {
    return handOver(this.#cluster, group, positions)
  }

  append(topic: string, block: RecordBlock): Promise<void> {
    return append(this.#cluster, topic, block)
  }

  createTarget(topic: string, options: TargetOptions): Promise<void> {
    return createTarget(this.#cluster, topic, options)
  }

  inspectTarget(topic: string, load: TargetLoad = unknownLoad): Promise<TargetInfo | null> {
    return inspectTarget(this.#cluster, topic, load)
  }

  examineWriting(share: ShareId, creations: readonly TargetCreation[]): Promise<TargetHazard[]> {
    return examineWriting(this.#cluster, share, creations)
  }

  async prepareWriting(replay: string, tasks: number): Promise<void> {
    await ProgressLog.open(this.#cluster, { replay, task: 0, tasks })
  }

  openWriter(id: WriterId): Promise<EventWriter> {
    return KafkaWriter.open(this.#cluster, id, { codec: this.#options.produceCodec ?? 'zstd' })
  }

  async readProgress(share: ShareId): Promise<Uint8Array | null> {
    try {
      const log = await ProgressLog.find(this.#cluster, share)
      return log === null ? null : await log.peek()
    } catch (error) {
      // Deleted between the two.
      if (error instanceof NotFoundError) return null
      throw error
    }
  }

  forgetProgress(replay: string): Promise<void> {
    return ProgressLog.delete(this.#cluster, replay)
  }

  async examine(topics: readonly string[], groups: readonly string[]): Promise<CheckResult[]> {
    return judgeCluster(await inspectCluster(this.#cluster, topics, groups))
  }

  close(): Promise<void> {
    return this.#cluster.close()
  }
}
