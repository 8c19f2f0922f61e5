import type { metadataV12 } from '@platformatic/kafka'
import { NotFoundError } from '../../errors.ts'
import type { TopicIdentity } from '../../ports/event-log.ts'
import { KafkaCode } from './broker-error.ts'
import type { BrokerAddress } from './options.ts'

export interface TopicMetadata extends TopicIdentity {
  internal: boolean
  /** By partition number. */
  partitions: PartitionMetadata[]
  /** Bits of Kafka's AclOperation that this client is allowed; null when it was not asked for. */
  authorizedOperations: number | null
}

interface PartitionMetadata {
  /** Node id; -1 when there is none now. */
  leader: number
  leaderEpoch: number
  /** How many brokers hold it, and how many of them are there and not behind. */
  replicas: number
  inSyncReplicas: number
}

/** What brokers said of the cluster lately. */
export class ClusterMetadata {
  readonly brokers: Map<number, BrokerAddress> = new Map()
  clusterId: string | null = null
  readonly #topics: Map<string, TopicMetadata> = new Map()

  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name)
  }

  /** Takes in an answer; `asked` names the topics that it had to tell about, null for all. */
  update(response: metadataV12.MetadataResponse, asked: readonly string[] | null): TopicMetadata[] {
    this.clusterId = response.clusterId ?? null
    this.brokers.clear()
    for (const broker of response.brokers) this.brokers.set(broker.nodeId, { host: broker.host, port: broker.port })
    if (asked === null) this.#topics.clear()
    for (const name of asked ?? []) this.#topics.delete(name)
    const told = response.topics.flatMap((topic) => topicMetadata(topic) ?? [])
    for (const topic of told) this.#topics.set(topic.topic, topic)
    return told
  }
}

function topicMetadata(topic: metadataV12.MetadataResponseTopic): TopicMetadata | null {
  if (topic.errorCode !== KafkaCode.none || typeof topic.name !== 'string') return null
  const partitions: PartitionMetadata[] = []
  for (const { partitionIndex, leaderId, leaderEpoch, replicaNodes, isrNodes } of topic.partitions) {
    partitions[partitionIndex] = {
      leader: leaderId,
      leaderEpoch,
      replicas: replicaNodes.length,
      inSyncReplicas: isrNodes.length,
    }
  }
  return {
    topic: topic.name,
    incarnationId: topic.topicId,
    internal: topic.isInternal,
    partitions,
    authorizedOperations: topic.topicAuthorizedOperations === -2147483648 ? null : topic.topicAuthorizedOperations,
  }
}

/** The topic is not there, or a namesake took its place. */
export function topicNotFound(topic: string): NotFoundError {
  return new NotFoundError('topic-not-found', `There is no topic '${topic}' (or it was deleted and created again)`, {
    remedy: 'Check the name with `coldstream topics`, and that this client may describe the topic.',
    details: { topic },
  })
}
