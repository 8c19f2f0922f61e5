import type { Kafka } from 'kafkajs'
import { OrdersByCustomer } from './orders-by-customer.ts'

/** A model that follows its topic from the first record on, in this process. */
export interface LiveModel {
  readonly model: OrdersByCustomer
  close(): Promise<void>
}

export async function followFromTheFirst(kafka: Kafka, topic: string, file: string): Promise<LiveModel> {
  const model = new OrdersByCustomer(file)
  const consumer = kafka.consumer({ groupId: 'orders-by-customer-v1' })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachBatch: async ({ batch: { partition, messages } }) => model.apply({ topic, partition, messages }, 'live'),
  })
  return {
    model,
    async close() {
      await consumer.disconnect()
      model.close()
    },
  }
}
