import { randomUUID } from 'node:crypto'
import { independentClient } from '../adapters/kafka/judge.ts'

/** Creates a topic with a name of its own, by a client that is not ours. */
export async function createTestTopic(
  brokers: readonly string[],
  config: Readonly<Record<string, string>> = {},
  partitions = 1,
): Promise<string> {
  const topic = `topic-${randomUUID().slice(0, 8)}`
  const admin = independentClient(brokers).admin()
  await admin.connect()
  await admin.createTopics({
    topics: [
      {
        topic,
        numPartitions: partitions,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
      },
    ],
  })
  await admin.disconnect()
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
