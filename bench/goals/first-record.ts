import { randomUUID } from 'node:crypto'
import { independentClient } from '../../test/adapters/kafka/judge.ts'

/** A read-committed kafkajs consumer that waits for a topic's first record. */
export interface FirstRecord {
  /** `performance.now()` at its arrival. */
  seenAt: Promise<number>
  close(): Promise<void>
}

/** Resolves when the consumer has its partitions and its first fetch waits at the broker. */
export async function awaitFirstRecord(brokers: readonly string[], topic: string): Promise<FirstRecord> {
  const consumer = independentClient(brokers).consumer({ groupId: `first-${randomUUID()}`, maxWaitTimeInMs: 1_000 })
  const fetching = Promise.withResolvers<void>()
  const seen = Promise.withResolvers<number>()
  consumer.on(consumer.events.FETCH_START, () => fetching.resolve())
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    fetching.reject(payload.error)
    seen.reject(payload.error)
  })
  // who waits for it comes only after the consumer is ready
  seen.promise.catch(() => undefined)
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatch: () => {
      seen.resolve(performance.now())
      return Promise.resolve()
    },
  })
  await fetching.promise
  return { seenAt: seen.promise, close: () => consumer.disconnect() }
}
