import { createHash, randomUUID } from 'node:crypto'
import kafkajs, { type EachBatchPayload, type IHeaders, type Kafka, type KafkaMessage } from 'kafkajs'
import { independentClient } from '../../adapters/kafka/judge.ts'
import { patiently } from './patiently.ts'
import { offsetsOf } from './topic-offsets.ts'

/** Without a batch for so long before the end the read has failed; the broker may be busy. */
const stalledMs = 60_000

/**
 * Hands over everything that a read-committed kafkajs consumer sees of a topic now, in the order of each partition. Nobody
 * may write to the topic meanwhile, and no transaction may be open. Throws when the end is not reached.
 */
export async function readTopic(
  brokers: readonly string[],
  topic: string,
  take: (partition: number, message: KafkaMessage) => void,
): Promise<void> {
  const client = independentClient(brokers)
  const offsets = await offsetsOf(brokers, topic)
  const left = new Map(offsets.filter(({ first, end }) => first !== end).map(({ partition, end }) => [partition, end]))
  if (left.size === 0) return
  const groupId = `judge-${randomUUID()}`
  await coordinatorIsReady(client, groupId)
  const consumer = client.consumer({ groupId, maxBytesPerPartition: 4 * 1024 * 1024 })
  const finished = Promise.withResolvers<void>()
  const stalled = setTimeout(() => {
    const open = [...left].map(([partition, end]) => `${partition} before ${end}`).join(', ')
    finished.reject(new Error(`kafkajs got no further in ${topic}: partition ${open}`))
  }, stalledMs)
  // Also told of batches that hold only markers or aborted records. (FETCH always says that it brought 0 batches.)
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
    stalled.refresh()
    const end = left.get(partition)
    if (end !== undefined && BigInt(lastOffset) >= end - 1n) left.delete(partition)
    if (left.size === 0) finished.resolve()
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => finished.reject(payload.error))
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatch: ({ batch }: EachBatchPayload) => {
        for (const message of batch.messages) take(batch.partition, message)
        return Promise.resolve()
      },
    })
    await finished.promise
  } finally {
    clearTimeout(stalled)
    await consumer.disconnect()
  }
}

/** A broker that has just started loads its groups first, and a consumer of kafkajs does not wait for that. */
async function coordinatorIsReady(client: Kafka, groupId: string): Promise<void> {
  const admin = client.admin()
  await admin.connect()
  try {
    await patiently(
      () => admin.describeGroups([groupId]),
      (error) => error instanceof kafkajs.KafkaJSError,
    )
  } finally {
    await admin.disconnect()
  }
}

/** A record as text that says everything of it but its offset; `judge-archive` writes the same in SQL. */
export function recordText({
  timestamp,
  key,
  value,
  headers = {},
}: Pick<KafkaMessage, 'timestamp' | 'key' | 'value' | 'headers'>): string {
  return `${timestamp}|${hex(key)}|${hex(value)}|${headersText(headers)}`
}

/** 60 bits of a text's MD5, to be summed up where the order does not count. */
export function digest60(text: string): bigint {
  return BigInt(`0x${createHash('md5').update(text).digest('hex').slice(0, 15)}`)
}

function headersText(headers: IHeaders): string {
  return Object.entries(headers)
    .flatMap(([name, values]) => (Array.isArray(values) ? values : [values]).map((value) => `${name}=${hex(value)}`))
    .join(',')
}

function hex(bytes: Buffer | string | null | undefined): string {
  return bytes === null || bytes === undefined ? '-' : Buffer.from(bytes).toString('hex')
}
