import { randomUUID } from 'node:crypto'
import type { Message } from 'kafkajs'
import { independentClient } from '../../adapters/kafka/judge.ts'
import { createIndependently } from '../../kit/topics.ts'
import { type Expected, expectedOf } from './expected.ts'
import { offsetsOf } from './topic-offsets.ts'

/** A topic that is written to its end, and what an archive of it has to hold. */
export interface WrittenTopic {
  topic: string
  expected: Expected
}

export interface TopicOptions {
  partitions?: number
  replicas?: number[][]
  config?: Readonly<Record<string, string>>
}

const startMs = Date.UTC(2026, 0, 14, 9)
const hourMs = 3_600_000

/** Creates a topic of this name with a suffix of its own; nothing of it expires unless `config` says so. */
export async function createTopic(
  brokers: readonly string[],
  name: string,
  options: TopicOptions = {},
): Promise<string> {
  const topic = `${name}-${randomUUID().slice(0, 8)}`
  await createTopicNamed(brokers, topic, options)
  return topic
}

/** As `createTopic`, with this very name. */
export async function createTopicNamed(
  brokers: readonly string[],
  topic: string,
  { partitions = 1, replicas, config = {} }: TopicOptions = {},
): Promise<void> {
  const far = '9223372036854775807'
  const all = { 'retention.ms': '-1', 'message.timestamp.before.max.ms': far, 'message.timestamp.after.max.ms': far }
  await createIndependently(brokers, { topic, partitions, replicas, config: { ...all, ...config } })
}

/** The i-th record: hours alternate, so that every range of a partition fills two segments. */
export function order(i: number, partitions: number): Message {
  const timestamp = String(startMs + (Math.floor(i / partitions) % 2) * hourMs + i)
  const value = `{"seq":${i},"status":"paid","note":"${String(i).padStart(60, '.')}"}`
  return { key: `order-${i % 97}`, value, headers: { n: String(i) }, partition: i % partitions, timestamp }
}

/** Writes records `from` up to `to`, a batch of at most 100 for each partition at a time. */
export async function writeOrders(
  brokers: readonly string[],
  topic: string,
  { from = 0, to, partitions = 1 }: { from?: number; to: number; partitions?: number },
): Promise<void> {
  const batches: Message[][] = []
  for (let at = from; at < to; at += 100 * partitions) {
    const count = Math.min(100 * partitions, to - at)
    batches.push(Array.from({ length: count }, (_, index) => order(at + index, partitions)))
  }
  await write(brokers, topic, batches)
}

/** Writes batches one after the other, each as it is; idempotent, so that no retry of ours counts as a record twice. */
export async function write(brokers: readonly string[], topic: string, batches: readonly Message[][]): Promise<void> {
  const producer = independentClient(brokers).producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  for (const messages of batches) await producer.send({ topic, messages })
  await producer.disconnect()
}

/** Creates a topic, writes orders into it, and reads it by kafkajs. */
export async function topicOf(
  brokers: readonly string[],
  name: string,
  { records, partitions = 1 }: { records: number; partitions?: number },
): Promise<WrittenTopic> {
  const topic = await createTopic(brokers, name, { partitions })
  await writeOrders(brokers, topic, { to: records, partitions })
  return { topic, expected: await expectedOf(brokers, topic) }
}

/** The end offset of every partition now. */
export async function endsOf(brokers: readonly string[], topic: string): Promise<Map<number, bigint>> {
  return new Map((await offsetsOf(brokers, topic)).map(({ partition, end }) => [partition, end]))
}
