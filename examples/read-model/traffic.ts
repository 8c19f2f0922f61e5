import { setTimeout as sleep } from 'node:timers/promises'
import { type Kafka, Partitioners } from 'kafkajs'
import { type ShopEvent, shopEvents } from '../demo/shop-events.ts'

const partitions = 4
const eventsPerRequest = 2_500

/** What the shop tells of its orders, in the order of writing. */
export function orderEvents(count: number): ShopEvent[] {
  // of the shop's events less than half are of orders
  const all = shopEvents({ seed: 1, events: count * 3, startMs: Date.UTC(2026, 2, 2, 6) })
  return all.filter(({ topic }) => topic === 'orders').slice(0, count)
}

export async function createTopic(kafka: Kafka, topic: string): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const configEntries = [{ name: 'retention.ms', value: '-1' }]
    const made = await admin.createTopics({
      waitForLeaders: true,
      topics: [{ topic, numPartitions: partitions, configEntries }],
    })
    if (!made)
      throw new Error(`The broker has a topic ${topic} already; the example writes only into a topic of its own.`)
  } finally {
    await admin.disconnect()
  }
}

/** Deletes what the example made, as far as it exists. */
export async function deleteTopics(kafka: Kafka, isOurs: (topic: string) => boolean): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    await admin.deleteTopics({ topics: (await admin.listTopics()).filter(isOurs) })
  } finally {
    await admin.disconnect()
  }
}

/** Writes the events into the topic, with pauses between requests. */
export async function write(
  kafka: Kafka,
  topic: string,
  events: readonly ShopEvent[],
  { pauseMs, size = eventsPerRequest }: { pauseMs: number; size?: number },
  signal: AbortSignal,
): Promise<void> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, allowAutoTopicCreation: false })
  await producer.connect()
  try {
    for (let from = 0; from < events.length; from += size) {
      signal.throwIfAborted()
      const messages = events.slice(from, from + size).map(({ timestampMs, key, value, headers }) => ({
        ...{ key, value, headers, timestamp: String(timestampMs) },
        ...(key === null && { partition: timestampMs % partitions }),
      }))
      await producer.send({ topic, messages })
      if (pauseMs > 0) await sleep(pauseMs, undefined, { signal })
    }
  } finally {
    await producer.disconnect()
  }
}
