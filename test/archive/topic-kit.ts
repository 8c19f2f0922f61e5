import { randomUUID } from 'node:crypto'
import { independentClient } from '../adapters/kafka/judge.ts'
import { createIndependently } from '../kit/topics.ts'

/** 14 January 2025, 09:00 UTC: where the record time of test records begins. */
export const startMs: number = Date.UTC(2025, 0, 14, 9)

/** A record to produce; partition 0 at `startMs` unless it says otherwise. */
export interface Message {
  key?: string | null
  value: string | null
  partition?: number
  timestamp?: string
  headers?: Record<string, string>
}

export interface TopicOptions {
  /** Its name begins with this. */
  prefix?: string
  partitions?: number
  config?: Record<string, string>
}

/** Numbered records, so many minutes of record time apart. */
export const numbered = (count: number, minutesApart = 0, from = 0): Message[] =>
  Array.from({ length: count }, (_, index) => ({
    key: `k${from + index}`,
    value: `v${from + index}`,
    timestamp: String(startMs + (from + index) * minutesApart * 60_000),
  }))

/** Creates a topic that keeps its records whatever their timestamps. */
export async function createTopic(brokers: readonly string[], options: TopicOptions = {}): Promise<string> {
  const topic = `${options.prefix ?? 'capture'}-${randomUUID().slice(0, 8)}`
  const config = { 'retention.ms': '-1', 'message.timestamp.before.max.ms': '9223372036854775807', ...options.config }
  await createIndependently(brokers, { topic, partitions: options.partitions, config })
  return topic
}

/** Sends each record once, also on a busy machine. */
export async function produce(brokers: readonly string[], topic: string, messages: readonly Message[]): Promise<void> {
  const producer = independentClient(brokers).producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  await producer.send({
    topic,
    messages: messages.map((message) => ({ partition: 0, timestamp: String(startMs), ...message })),
  })
  await producer.disconnect()
}
