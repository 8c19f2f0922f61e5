import type { Kafka } from 'kafkajs'
import { OrdersByCustomer } from './orders-by-customer.ts'
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
  const model = new OrdersByCustomer()
  const digest = new RecordDigest()
  await readTopic(
    kafka,
    topic,
    (partition, record) => {
      const timestampMs = Number(record.timestamp)
      if (window !== null && (timestampMs < window.fromMs || timestampMs >= window.untilMs)) return
      model.apply(record.key, record.value)
      digest.add(partition, record)
    },
    signal,
  )
  return { model, digest }
}
