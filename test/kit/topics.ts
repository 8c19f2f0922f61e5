import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import { independentClient } from '../adapters/kafka/judge.ts'

export interface NewTopic {
  topic: string
  partitions?: number
  /** The brokers of each partition, instead of a number of partitions. */
  replicas?: readonly (readonly number[])[]
  config?: Readonly<Record<string, string>>
}

/**
 * Creates a topic by a client that is not ours, and waits until each partition has a leader. kafkajs's own wait fails on a
 * broker that is busy: it takes a topic that is not known everywhere yet for one that does not exist.
 */
export async function createIndependently(
  brokers: readonly string[],
  { topic, partitions = 1, replicas, config = {} }: NewTopic,
): Promise<void> {
  const admin = independentClient(brokers).admin()
  await admin.connect()
  try {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
    const placement =
      replicas === undefined
        ? { numPartitions: partitions }
        : { replicaAssignment: replicas.map((nodes, partition) => ({ partition, replicas: [...nodes] })) }
    await admin.createTopics({ waitForLeaders: false, topics: [{ topic, ...placement, configEntries }] })
    for (const deadlineMs = Date.now() + 30_000; !(await hasLeaders(admin, topic)); await setTimeout(50)) {
      if (Date.now() > deadlineMs) throw new Error(`${topic} has no leaders after 30 s`)
    }
  } finally {
    await admin.disconnect()
  }
}

async function hasLeaders(admin: Admin, topic: string): Promise<boolean> {
  const [metadata] = await Promise.allSettled([admin.fetchTopicMetadata({ topics: [topic] })])
  if (metadata.status === 'rejected') return false
  return metadata.value.topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0))
}

/** Creates a topic with a name of its own. */
export async function createTestTopic(
  brokers: readonly string[],
  config: Readonly<Record<string, string>> = {},
  partitions = 1,
): Promise<string> {
  const topic = `topic-${randomUUID().slice(0, 8)}`
  await createIndependently(brokers, { topic, partitions, config })
  return topic
}

export interface TestRecord {
  value: string
  partition?: number
  timestampMs?: number
}

/** Produces every record as a batch of its own, so that segments can be as small as a topic wants them. */
export async function produceEach(
  brokers: readonly string[],
  topic: string,
  records: readonly TestRecord[],
): Promise<void> {
  const producer = independentClient(brokers).producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  for (const { value, partition = 0, timestampMs = Date.now() } of records) {
    await producer.send({ topic, messages: [{ value, partition, timestamp: String(timestampMs) }] })
  }
  await producer.disconnect()
}
