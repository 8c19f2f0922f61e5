import { produce } from './produce.ts'

/** How many orders a topic holds. */
export interface OrdersOptions {
  topic: string
  records: number
  partitions: number
  /** Hours of record time that the records spread over. */
  hours: number
  /** How the producer compresses; `none` unless told. */
  codec?: 'none' | 'lz4'
}

/** Creates a topic and fills it with JSON orders, each with its number as `seq`; answers as `produce`. */
export function produceOrders(brokers: string[], options: OrdersOptions): Promise<{ recordBytes: number }> {
  return produce(brokers, { shape: 'orders', codec: 'none', ...options })
}
