import { parseArgs } from 'node:util'
import { createColdstream, rebuildThenFollow, zstdCodec } from 'coldstream/client'
import kafkajs from 'kafkajs'
import { OrdersByCustomer } from './orders-by-customer.ts'

// A service with a read model, as it could run anywhere: started for the first time it rebuilds the model from the archive
// and then follows the topic; started again it goes on where it was.

const { values } = parseArgs({
  options: {
    coldstream: { type: 'string', default: 'http://localhost:8080' },
    brokers: { type: 'string', default: 'localhost:9092' },
    topic: { type: 'string', default: 'orders' },
    /** Name of the rebuild: of the replay, its target and the consumer group. Another one makes a new model. */
    name: { type: 'string', default: 'orders-by-customer-v2' },
    database: { type: 'string', default: 'orders-by-customer.sqlite' },
  },
})

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs
CompressionCodecs[CompressionTypes.ZSTD] = zstdCodec

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

const model = new OrdersByCustomer(values.database)
const { name, topic } = values
await rebuildThenFollow({
  client: createColdstream({
    url: values.coldstream,
    ...(process.env.COLDSTREAM_API_KEY && { apiKey: process.env.COLDSTREAM_API_KEY }),
  }),
  kafka: new Kafka({ clientId: name, brokers: values.brokers.split(','), logLevel: logLevel.NOTHING }),
  replay: { id: name, source: { topic }, target: { topic: name } },
  groupId: name,
  consumer: { sessionTimeout: 6_000, heartbeatInterval: 1_000 },
  apply: (run, phase) => model.apply(run, phase),
  onPhase: (phase) => process.send?.(phase),
  signal: stop.signal,
})
model.close()
