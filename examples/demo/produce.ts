import { type Kafka, type Message, Partitioners } from 'kafkajs'
import { type ShopEvent, type Topic, topics } from './shop-events.ts'

/** Events a request carries; kafkajs slows down with larger ones. */
const eventsPerRequest = 2_500

/** Creates the shop's topics; whatever the age of an event, it stays. Throws when one of them, or `target`, is there. */
export async function createTopics(kafka: Kafka, target: string): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const present = await admin.listTopics()
    const taken = [...Object.keys(topics), target].filter((topic) => present.includes(topic))
    if (taken.length > 0) {
      throw new Error(
        `The broker has ${taken.join(', ')} already, and the demo writes only into topics of its own. Use another broker, or unset COLDSTREAM_KAFKA_BROKERS.`,
      )
    }
    await admin.createTopics({
      waitForLeaders: true,
      topics: Object.entries(topics).map(([topic, numPartitions]) => ({
        topic,
        numPartitions,
        configEntries: [
          { name: 'retention.ms', value: '-1' },
          { name: 'cleanup.policy', value: 'delete' },
        ],
      })),
    })
  } finally {
    await admin.disconnect()
  }
}

/** Deletes the shop's topics and those that a replay into `target` made, as far as they exist. */
export async function deleteTopics(kafka: Kafka, target: string, replayId: string): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const made = (name: string): boolean =>
      name in topics || name === target || name === `coldstream-progress-${replayId}`
    await admin.deleteTopics({ topics: (await admin.listTopics()).filter(made) })
  } finally {
    await admin.disconnect()
  }
}

/** Writes the events in their order. */
export async function produce(
  kafka: Kafka,
  events: readonly ShopEvent[],
  onProgress: (written: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, allowAutoTopicCreation: false })
  await producer.connect()
  try {
    for (let from = 0; from < events.length; from += eventsPerRequest) {
      signal.throwIfAborted()
      const batch = events.slice(from, from + eventsPerRequest)
      const topicMessages = Object.entries(Object.groupBy(batch, ({ topic }) => topic)).map(([topic, some]) => ({
        topic,
        messages: some.map(toMessage),
      }))
      await producer.sendBatch({ acks: 1, topicMessages })
      onProgress(from + batch.length)
    }
  } finally {
    await producer.disconnect()
  }
}

function toMessage({ topic, timestampMs, key, value, headers }: ShopEvent): Message {
  const message = { key, value, headers, timestamp: String(timestampMs) }
  // kafkajs would choose by chance for a record without a key, and two demos would differ
  return key === null ? { ...message, partition: timestampMs % partitionsOf(topic) } : message
}

function partitionsOf(topic: Topic): number {
  return topics[topic]
}
