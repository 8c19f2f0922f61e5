import { randomUUID } from 'node:crypto'
import { zstdCodec } from 'coldstream/client'
import kafkajs, { type Kafka, type KafkaMessage } from 'kafkajs'

kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = zstdCodec

/** Takes some records; those of a partition come in their order. */
export type OnRecords = (partition: number, records: readonly KafkaMessage[]) => void

/**
 * Reads every record that a topic has now, from its beginning to its present end, as any consumer of the topic would:
 * with kafkajs, committed transactions only. Rejects when the topic does not exist, or with the signal's reason.
 */
export async function readTopic(kafka: Kafka, topic: string, onRecords: OnRecords, signal: AbortSignal): Promise<void> {
  const groupId = `read-model-${randomUUID()}`
  const admin = kafka.admin()
  await admin.connect()
  try {
    const waiting = new Map<number, bigint>()
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      if (BigInt(high) > BigInt(low)) waiting.set(partition, BigInt(high))
    }
    if (waiting.size === 0) return
    try {
      await consume(kafka, groupId, topic, waiting, onRecords, signal)
    } finally {
      // each read has a group of its own, which serves nobody afterwards
      await admin.deleteGroups([groupId])
    }
  } finally {
    await admin.disconnect()
  }
}

/** Consumes until every partition has been read up to the offset it is waited for. */
async function consume(
  kafka: Kafka,
  groupId: string,
  topic: string,
  waiting: Map<number, bigint>,
  onRecords: OnRecords,
  signal: AbortSignal,
): Promise<void> {
  const consumer = kafka.consumer({ groupId, maxBytesPerPartition: 4 * 1024 * 1024, readUncommitted: false })
  const finished = Promise.withResolvers<void>()
  const abort = (): void => finished.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  consumer.on(consumer.events.CRASH, ({ payload }) => finished.reject(payload.error))
  // the end of a partition may be a transaction's marker: it is no message, but the event's last offset counts it
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
    const end = waiting.get(partition)
    if (end !== undefined && BigInt(lastOffset) + 1n >= end) waiting.delete(partition)
    if (waiting.size === 0) finished.resolve()
  })
  try {
    signal.throwIfAborted()
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        const end = waiting.get(batch.partition)
        if (end === undefined) return
        onRecords(
          batch.partition,
          batch.messages.filter(({ offset }) => BigInt(offset) < end),
        )
      },
    })
    await finished.promise
  } finally {
    signal.removeEventListener('abort', abort)
    await consumer.disconnect()
  }
}
