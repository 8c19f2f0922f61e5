/**
 * Writes records at a steady rate for a while, in a process of its own, and prints how many there were.
 *
 * Run by the load scenario: `node test/faults/load-child.ts <brokers> <topic> <partitions> <records/s> <seconds>`
 */
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs, { type Message } from 'kafkajs'

const [brokers = '', topic = '', ...numbers] = process.argv.slice(2)
const [partitions = 1, rate = 1, seconds = 1] = numbers.map(Number)
const ticksPerSecond = 10
const batch = Math.max(1, Math.round(rate / ticksPerSecond / partitions))

const kafka = new kafkajs.Kafka({ brokers: brokers.split(','), clientId: 'load', logLevel: kafkajs.logLevel.ERROR })
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
await producer.connect()
const startedAt = performance.now()
let written = 0
for (let tick = 0; tick < seconds * ticksPerSecond; tick += 1) {
  const timestamp = String(Date.now())
  const messages = Array.from({ length: batch * partitions }, (_, i): Message => {
    const seq = written + i
    return { partition: i % partitions, timestamp, key: `k${seq % 9_973}`, value: `{"seq":${seq},"status":"paid"}` }
  })
  await producer.send({ topic, messages, acks: -1 })
  written += messages.length
  const dueAt = startedAt + ((tick + 1) * 1_000) / ticksPerSecond
  await sleep(Math.max(0, dueAt - performance.now()))
}
const tookSeconds = (performance.now() - startedAt) / 1_000
await producer.disconnect()
// a busy machine may not bring the rate about that was asked for
console.error(`load: ${written} records in ${tookSeconds.toFixed(0)} s, ${Math.round(written / tookSeconds)} a second`)
console.log(String(written))
