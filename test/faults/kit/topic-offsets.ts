import kafkajs from 'kafkajs'
import { independentClient } from '../../adapters/kafka/judge.ts'
import { patiently } from './patiently.ts'

/** The first offset and the end of a partition now. */
export interface PartitionOffsets {
  partition: number
  first: bigint
  end: bigint
}

/** Of all partitions of a topic, as kafkajs tells them; its admin client does not ask again by itself when a leader has just moved. */
export async function offsetsOf(brokers: readonly string[], topic: string): Promise<PartitionOffsets[]> {
  const ask = async (): Promise<PartitionOffsets[]> => {
    const admin = independentClient(brokers).admin()
    await admin.connect()
    try {
      const offsets = await admin.fetchTopicOffsets(topic)
      return offsets.map(({ partition, low, high }) => ({ partition, first: BigInt(low), end: BigInt(high) }))
    } finally {
      await admin.disconnect()
    }
  }
  return await patiently(ask, (error) => error instanceof kafkajs.KafkaJSProtocolError && error.retriable)
}
