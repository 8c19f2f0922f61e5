import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import kafkajs, { type IHeaders } from 'kafkajs'

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs

CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: (encoder: { buffer: Buffer }) => Promise.resolve(zstdCompressSync(encoder.buffer)),
  decompress: (buffer: Buffer) => Promise.resolve(zstdDecompressSync(buffer)),
})

/** A client that is not ours, to judge by. */
export function independentClient(brokers: readonly string[]): InstanceType<typeof Kafka> {
  // Patient: a broker that has just started loads its groups for a while.
  const retry = { retries: 12, maxRetryTime: 2_000 }
  return new Kafka({ brokers: [...brokers], clientId: 'judge', logLevel: logLevel.NOTHING, retry })
}

const maxAttempts = 10
const maxWaitMs = 250
/** Fetches in a row, from each broker, that had to wait to the end before a topic counts as read: one may just be slow. */
const quietFetches = 3

export interface JudgedRecord {
  partition: number
  offset: bigint
  key: Buffer | null
  value: Buffer | null
  timestampMs: number
  /** Without their order, and without those whose value is null: kafkajs loses both. */
  headers: IHeaders
}

/** All that a read-committed kafkajs consumer sees of a topic now, in the order of each partition. */
export async function readCommitted(brokers: readonly string[], topic: string): Promise<JudgedRecord[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readOnce(brokers, topic)
    } catch (error) {
      // of a broker that has just started, however patient the client was told to be
      const isLoading = error instanceof Error && /coordinator is loading/.test(error.message)
      if (!isLoading || attempt === maxAttempts) throw error
      await setTimeout(1_000)
    }
  }
}

async function readOnce(brokers: readonly string[], topic: string): Promise<JudgedRecord[]> {
  const consumer = independentClient(brokers).consumer({ groupId: `judge-${randomUUID()}`, maxWaitTimeInMs: maxWaitMs })
  const records: JudgedRecord[] = []
  const caughtUp = Promise.withResolvers<void>()
  const quietByBroker = new Map<number, number>()
  consumer.on(consumer.events.FETCH, ({ payload }) => {
    const { nodeId, duration } = payload
    quietByBroker.set(nodeId, duration >= maxWaitMs - 10 ? (quietByBroker.get(nodeId) ?? 0) + 1 : 0)
    if ([...quietByBroker.values()].every((quiet) => quiet >= quietFetches)) caughtUp.resolve()
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => caughtUp.reject(payload.error))
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      eachMessage: ({ partition, message }) => {
        const { key, value, offset, timestamp, headers = {} } = message
        quietByBroker.clear()
        records.push({ partition, offset: BigInt(offset), key, value, timestampMs: Number(timestamp), headers })
        return Promise.resolve()
      },
    })
    await caughtUp.promise
  } finally {
    await consumer.disconnect()
  }
  return records
}

/** The values of one partition as text. */
export function valuesOf(records: readonly JudgedRecord[], partition: number): string[] {
  return records.filter((record) => record.partition === partition).map((record) => String(record.value))
}
