import kafkajs from 'kafkajs'
import { registerCodecs } from './codecs.ts'

const { CompressionTypes, Kafka, logLevel } = kafkajs

/** How many records of which shape a benchmark's topic holds. */
export interface OrdersOptions {
  topic: string
  records: number
  partitions: number
  /** Hours of record time that the records spread over. */
  hours: number
  /** How the producer compresses; `none` unless told. */
  codec?: 'none' | 'lz4'
}

const startMs = Date.UTC(2026, 0, 14, 9)
const statuses = ['placed', 'paid', 'packed', 'shipped', 'delivered', 'cancelled']
const batchRecords = 2_500
const requestsAtOnce = 4

const pad = (value: number | string, digits: number): string => String(value).padStart(digits, '0')

/** The i-th order event: about 180 bytes of JSON, a key, two headers; always the same. */
export function orderEvent(i: number, { records, hours }: OrdersOptions) {
  const hash = Math.imul(i, 2_654_435_761) >>> 0
  const orderId = `ord-${pad(hash % 500_000, 9)}`
  const timestamp = startMs + Math.floor((i / records) * hours * 3_600_000)
  const value = `{"eventId":"${pad(hash.toString(16), 16)}","seq":${i},"orderId":"${orderId}","customerId":"c-${pad(hash % 50_000, 6)}","status":"${statuses[hash % 6]}","amount":${(hash % 99_999) / 100},"currency":"EUR","items":${hash % 9},"version":1,"occurredAt":${timestamp}}`
  return {
    key: orderId,
    value,
    headers: { eventType: 'OrderChanged', traceId: pad(i.toString(16), 16) },
    timestamp: String(timestamp),
  }
}

/** Creates the topic and fills it, round robin over the partitions. */
export async function produceOrders(brokers: string[], options: OrdersOptions): Promise<void> {
  const kafka = new Kafka({ clientId: 'bench', brokers, logLevel: logLevel.ERROR })
  const admin = kafka.admin()
  await admin.connect()
  const configEntries = [
    { name: 'retention.ms', value: '-1' },
    { name: 'message.timestamp.before.max.ms', value: '9223372036854775807' },
  ]
  await admin.createTopics({ topics: [{ topic: options.topic, numPartitions: options.partitions, configEntries }] })
  await admin.disconnect()
  const producer = kafka.producer({ maxInFlightRequests: requestsAtOnce })
  await producer.connect()
  if (options.codec === 'lz4') registerCodecs()
  const compression = options.codec === 'lz4' ? CompressionTypes.LZ4 : CompressionTypes.None
  let next = 0
  const send = async (): Promise<void> => {
    while (next < options.records) {
      const from = next
      next = Math.min(options.records, from + batchRecords * options.partitions)
      const messages = Array.from({ length: next - from }, (_, index) => ({
        ...orderEvent(from + index, options),
        partition: (from + index) % options.partitions,
      }))
      await producer.send({ topic: options.topic, acks: 1, compression, messages })
    }
  }
  await Promise.all([send(), send()])
  await producer.disconnect()
}
