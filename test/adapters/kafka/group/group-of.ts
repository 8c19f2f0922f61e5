import { randomUUID } from 'node:crypto'
import { KafkaCluster } from '../../../../src/adapters/kafka/cluster.ts'
import { joinGroup } from '../../../../src/adapters/kafka/group/join-group.ts'
import type { GroupMember } from '../../../../src/ports/group-membership.ts'
import type { KafkaServer, KafkaServerOptions } from '../../../kit/kafka.ts'
import { independentClient } from '../judge.ts'
import { Listening } from './listening.ts'

/** Sessions short enough to wait for, long enough for a busy machine; both protocols have the same. */
const sessionMs = 4_000
const heartbeatMs = 300
const timing = { sessionTimeoutMs: sessionMs, heartbeatMs, metadataMs: heartbeatMs }

/** A broker with short sessions; `groupVersion` 0 is one without KIP-848. */
export function shortSessions(groupVersion: 0 | 1): KafkaServerOptions {
  return {
    features: { 'group.version': groupVersion },
    config: {
      'group.min.session.timeout.ms': '1000',
      'group.consumer.min.session.timeout.ms': '1000',
      'group.consumer.session.timeout.ms': String(sessionMs),
      'group.consumer.min.heartbeat.interval.ms': '100',
      'group.consumer.heartbeat.interval.ms': String(heartbeatMs),
    },
  }
}

/** One member with a cluster connection of its own. */
export interface Instance {
  listener: Listening
  member: GroupMember
  /** As kill -9: connections break, nobody says farewell. */
  kill(): Promise<void>
}

/** A group and the instances that a test lets join it. */
export class GroupOf {
  readonly name = `archive-${randomUUID()}`
  readonly #brokers: readonly string[]
  readonly #instances: { instance: Instance; cluster: KafkaCluster }[] = []

  constructor(brokers: readonly string[]) {
    this.#brokers = brokers
  }

  async join(topics: readonly string[], listener: Listening = new Listening()): Promise<Instance> {
    const cluster = new KafkaCluster({ brokers: this.#brokers, clientId: 'group-test' })
    try {
      const options = { group: this.name, topics, listener }
      const member = await joinGroup(cluster, options, timing)
      const instance = { listener, member, kill: () => cluster.close() }
      this.#instances.push({ instance, cluster })
      return instance
    } catch (error) {
      await cluster.close()
      throw error
    }
  }

  /** Lets everyone leave. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { instance, cluster } of this.#instances) {
      instance.listener.release()
      await instance.member.leave()
      await cluster.close()
    }
  }
}

/** Kafka's topics in the hands of a client that is not ours. */
export class Topics {
  readonly #admin: ReturnType<ReturnType<typeof independentClient>['admin']>

  private constructor(admin: ReturnType<ReturnType<typeof independentClient>['admin']>) {
    this.#admin = admin
  }

  static async of(kafka: KafkaServer): Promise<Topics> {
    const admin = independentClient(kafka.brokers).admin()
    await admin.connect()
    return new Topics(admin)
  }

  async create(numPartitions: number, topic = `topic-${randomUUID()}`): Promise<string> {
    await this.#admin.createTopics({ topics: [{ topic, numPartitions }] })
    return topic
  }

  async grow(topic: string, count: number): Promise<void> {
    await this.#admin.createPartitions({ topicPartitions: [{ topic, count }] })
  }

  async delete(topic: string): Promise<void> {
    await this.#admin.deleteTopics({ topics: [topic] })
  }

  async deleteGroup(group: string): Promise<void> {
    await this.#admin.deleteGroups([group])
  }

  /** Committed offsets of a group by partition, as text. */
  async offsets(group: string, topic: string): Promise<Record<number, string>> {
    const [told] = await this.#admin.fetchOffsets({ groupId: group, topics: [topic] })
    return Object.fromEntries(told!.partitions.map(({ partition, offset }) => [partition, offset]))
  }

  close(): Promise<void> {
    return this.#admin.disconnect()
  }
}
