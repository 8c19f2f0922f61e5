import {
  decodeConsumerProtocolAssignment,
  decodeConsumerProtocolSubscription,
  encodeConsumerProtocolAssignment,
  encodeConsumerProtocolSubscription,
} from '@platformatic/kafka'

/** Partition of a topic by name: the classic protocol knows no topic ids. */
export interface NamedPartition {
  topic: string
  partition: number
}

/** What a member of a classic group says of itself to the leader (ConsumerProtocolSubscription). */
export interface Subscription {
  topics: readonly string[]
  /** What it has and has not let go of (since version 1, KIP-429). */
  owned: readonly NamedPartition[]
  /** Generation in which it came to that, -1 for none (since version 2, KIP-792). */
  generation: number
}

/** The newest version there is; readers of older ones take what they know of it. */
const version = 3

export function encodeSubscription({ topics, owned, generation }: Subscription): Buffer {
  const ownedPartitions = byTopic(owned)
  return encodeConsumerProtocolSubscription({ version, topics: [...topics], ownedPartitions, generationId: generation })
}

/** Takes every version; what an older one lacks is empty. */
export function decodeSubscription(bytes: Buffer): Subscription {
  const { topics, ownedPartitions, generationId } = decodeConsumerProtocolSubscription(bytes)
  return { topics, owned: flat(ownedPartitions), generation: generationId }
}

/** What the leader gives to a member (ConsumerProtocolAssignment). */
export function encodeAssignment(partitions: readonly NamedPartition[]): Buffer {
  return encodeConsumerProtocolAssignment({ version, assignedPartitions: byTopic(partitions) })
}

/** Takes every version; no bytes are no partitions. */
export function decodeAssignment(bytes: Buffer): NamedPartition[] {
  return flat(decodeConsumerProtocolAssignment(bytes).assignedPartitions)
}

interface TopicPartitions {
  topic: string
  partitions: number[]
}

function byTopic(partitions: readonly NamedPartition[]): TopicPartitions[] {
  const grouped = Map.groupBy(partitions, ({ topic }) => topic)
  return [...grouped].map(([topic, some]) => ({ topic, partitions: some.map(({ partition }) => partition) }))
}

function flat(topics: readonly TopicPartitions[]): NamedPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
}
