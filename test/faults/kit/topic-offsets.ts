import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { independentClient } from '../../adapters/kafka/judge.ts'

const attempts = 100
const pauseMs = 100

/** The first offset and the end of a partition now. */
export interface PartitionOffsets {
  partition: number
  first: bigint
  end: bigint
}

/** Of all partitions of a topic, as kafkajs tells them; its admin client does not ask again by itself when a leader has just moved. */
export async function offsetsOf(brokers: readonly string[], topic: string): Promise<PartitionOffsets[]> {
  for (let attempt = 1; ; attempt += 1) {
    const admin = independentClient(brokers).admin()
    await admin.connect()
    try {
      const offsets = await admin.fetchTopicOffsets(topic)
      return offsets.map(({ partition, low, high }) => ({ partition, first: BigInt(low), end: BigInt(high) }))
    } catch (error) {
      const passes = error instanceof kafkajs.KafkaJSProtocolError && error.retriable
      if (!passes || attempt === attempts) throw error
      await sleep(pauseMs)
    } finally {
      await admin.disconnect()
    }
  }
}
