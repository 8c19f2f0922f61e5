import type { Kafka, KafkaMessage } from 'kafkajs'
import { OrdersByCustomer } from '../read-model/orders-by-customer.ts'
import { readTopic } from './read-topic.ts'
import { RecordDigest } from './record-digest.ts'

/** Record timestamps `[fromMs, untilMs)`, milliseconds since the Unix epoch. */
export interface TimeWindow {
  fromMs: number
  untilMs: number
}

export interface RebuiltModel {
  model: OrdersByCustomer
  /** What the model was made of. */
  digest: RecordDigest
}

/** Builds the read model from what a topic holds now; with a window, from the records of that time only. */
export async function rebuildModel(
  kafka: Kafka,
  topic: string,
  window: TimeWindow | null,
  signal: AbortSignal,
): Promise<RebuiltModel> {
  const model = new OrdersByCustomer(':memory:')
  const digest = new RecordDigest()
  const isWithin = ({ timestamp }: KafkaMessage): boolean =>
    window === null || (Number(timestamp) >= window.fromMs && Number(timestamp) < window.untilMs)
  await readTopic(
    kafka,
    topic,
    (partition, records) => {
      const messages = records.filter(isWithin)
      model.apply({ topic, partition, messages }, 'rebuild')
      for (const record of messages) digest.add(partition, record)
    },
    signal,
  )
  return { model, digest }
}
