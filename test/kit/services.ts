import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openServices } from '../../src/app.ts'
import { parseConnector } from '../../src/archive/connector/parse.ts'
import type { Services } from '../../src/services.ts'
import { independentClient } from '../adapters/kafka/judge.ts'
import { createIndependently } from './topics.ts'

/** The whole product, configured by a file as a user would, with an archive in a folder of its own. */
export interface TestServices {
  services: Services
  folder: string
  configFile: string
  brokers: string[]
  close(): Promise<void>
}

export interface TestServicesOptions {
  brokers: string[]
  /** YAML below the usual. */
  config?: string
  /** Where the archive is; else below the folder. */
  archive?: string
}

export async function testServices({
  brokers,
  config = '',
  archive = './archive',
}: TestServicesOptions): Promise<TestServices> {
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-services-'))
  const configFile = join(folder, 'coldstream.yaml')
  await writeFile(
    configFile,
    `kafka:\n  brokers: [${brokers.map((broker) => `"${broker}"`).join(', ')}]\nstore:\n  url: ${archive}\n${config}`,
  )
  const services = await openServices({ configFile, verbose: false })
  return {
    services,
    folder,
    configFile,
    brokers,
    async close() {
      await services.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** Creates a topic of orders: `count` over two partitions, one a minute from 09:00 on 14 January 2025. */
export async function createOrders(brokers: string[], count: number): Promise<string> {
  const topic = `orders-${randomUUID().slice(0, 8)}`
  await createIndependently(brokers, { topic, partitions: 2, config: { 'retention.ms': '-1' } })
  await sendOrders(brokers, topic, 0, count)
  return topic
}

/** Sends the orders `first` to `until - 1` to a topic of createOrders, the even ones to its first partition. */
export async function sendOrders(brokers: string[], topic: string, first: number, until: number): Promise<void> {
  const producer = independentClient(brokers).producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const messages = Array.from({ length: until - first }, (_, order) => order + first).map((index) => ({
    partition: index % 2,
    key: `order-${index % 10}`,
    value: JSON.stringify({
      orderId: `order-${index % 10}`,
      seq: index,
      status: index % 3 === 0 ? 'placed' : 'paid',
      amount: index * 1.5,
    }),
    headers: { eventType: 'OrderChanged' },
    timestamp: String(Date.UTC(2025, 0, 14, 9, index)),
  }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}

/** Archives a topic up to its present end. */
export async function archiveTopic(services: Services, topic: string): Promise<void> {
  const capture = await services.openCapture(parseConnector({ name: `archive-${topic}`, topics: topic }, 'test'))
  await capture.run({ untilEnd: true }, new AbortController().signal)
}
