import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaEventLog } from '../../src/adapters/kafka/index.ts'
import { loadTopic } from '../../src/catalog/snapshot.ts'
import { ConflictError, NotFoundError, UnavailableError } from '../../src/errors.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import { independentClient, readCommitted } from '../adapters/kafka/judge.ts'
import { type KafkaServer, startKafka } from '../kit/kafka.ts'
import { captureToEnd, findingsOf, MemoryLog, openCapture, rowsInFolder, type TestArchive, testArchive } from './kit.ts'
import {
  createTopic as createTopicOf,
  type Message,
  numbered,
  produce as produceTo,
  startMs,
  type TopicOptions,
} from './topic-kit.ts'

const hourMs = 3_600_000

let server: KafkaServer
let brokers: string[]
let eventLog: KafkaEventLog
let archive: TestArchive
const kafka = () => independentClient(brokers)

before(async () => {
  // a broker of its own: it has to compact at once, and its own tool deletes records
  server = await startKafka({ config: { 'log.cleaner.backoff.ms': '100' } })
  brokers = server.brokers
  eventLog = await KafkaEventLog.connect({ brokers, clientId: 'capture-test' })
})
after(async () => {
  await eventLog.close()
  await server.stop()
})
beforeEach(async () => {
  archive = await testArchive()
})
afterEach(() => archive.remove())

const createTopic = (options?: TopicOptions) => createTopicOf(brokers, options)
const produce = (topic: string, messages: readonly Message[]) => produceTo(brokers, topic, messages)

/** The archived rows are what a read-committed consumer that is not ours sees, and nothing is left unexplained. */
async function assertArchived(topic: string): Promise<void> {
  const seen = (await readCommitted(brokers, topic)).sort(
    (a, b) => a.partition - b.partition || Number(a.offset - b.offset),
  )
  const rows = await rowsInFolder(archive.folder)
  assert.deepEqual(
    rows.map(({ partition, offset, timestampMs, key, value }) => ({ partition, offset, timestampMs, key, value })),
    seen.map(({ partition, offset, timestampMs, key, value }) => ({
      partition,
      offset,
      timestampMs,
      key: key === null ? null : String(key),
      value: value === null ? null : String(value),
    })),
  )
  assert.deepEqual(await findingsOf(archive.store, topic), [])
}

async function gapsOf(topic: string): Promise<Record<string, bigint>> {
  const { incarnations } = await loadTopic(archive.store, topic)
  const gaps: Record<string, bigint> = {}
  for (const { partitions } of incarnations) {
    for (const partition of partitions)
      for (const { reason, offsets } of partition.gaps) gaps[reason] = (gaps[reason] ?? 0n) + offsets
  }
  return gaps
}

describe('a capture', () => {
  it('files every record once in the hour of its timestamp, with key, value, headers, tombstones and null keys', async () => {
    const topic = await createTopic({ partitions: 3 })
    const messages = numbered(600, 1).map((message, index) => ({
      ...message,
      partition: index % 3,
      headers: { n: String(index) },
    }))
    await produce(topic, [...messages, { key: 'gone', value: null }, { key: null, value: 'keyless' }])
    const totals = await captureToEnd(eventLog, archive.store, topic)
    assert.equal(totals.records, 602)
    await assertArchived(topic)
    const rows = await rowsInFolder(archive.folder)
    for (const row of rows) {
      const hour = new Date(row.timestampMs).toISOString().slice(11, 13)
      assert.match(
        row.file,
        new RegExp(
          `^topics/${topic}/year=2025/month=01/day=14/hour=${hour}/${topic}\\+${row.partition}\\+\\d{10}\\.parquet$`,
        ),
      )
    }
    assert.equal(rows.find(({ key }) => key === 'k7')?.headers, 'n=37')
  })

  it('goes on where the archive ends, and finds nothing to do when nothing came', async () => {
    const topic = await createTopic()
    await produce(topic, numbered(10))
    assert.equal((await captureToEnd(eventLog, archive.store, topic)).records, 10)
    assert.deepEqual(await captureToEnd(eventLog, archive.store, topic), {
      records: 0,
      segments: 0,
      bytes: 0,
      lostOffsets: 0,
    })
    await produce(topic, numbered(5, 0, 10))
    assert.equal((await captureToEnd(eventLog, archive.store, topic)).records, 5)
    await assertArchived(topic)
  })

  it('closes segments at flush.size records, to the record', async () => {
    const topic = await createTopic()
    await produce(topic, numbered(25))
    await captureToEnd(eventLog, archive.store, topic, { config: { 'flush.size': 10 } })
    const { incarnations } = await loadTopic(archive.store, topic)
    assert.deepEqual(
      incarnations[0]?.partitions[0]?.segments.map(({ records }) => records),
      [10, 10, 5],
    )
    await assertArchived(topic)
  })

  it('closes segments when record time has moved on by rotate.interval.ms', async () => {
    const topic = await createTopic()
    await produce(topic, numbered(60, 1))
    await captureToEnd(eventLog, archive.store, topic, { config: { 'rotate.interval.ms': 600_000 } })
    const { incarnations } = await loadTopic(archive.store, topic)
    assert.deepEqual(
      incarnations[0]?.partitions[0]?.segments.map(({ records }) => records),
      [10, 10, 10, 10, 10, 10],
    )
  })

  it('archives an idle topic’s last records without waiting for more', async () => {
    const topic = await createTopic()
    await produce(topic, numbered(3))
    const stop = new AbortController()
    const capture = await openCapture(eventLog, archive.store, topic, { config: { 'rotate.idle.ms': 200 } })
    const running = capture.run({ untilEnd: false }, stop.signal)
    while (capture.totals.records < 3) await Promise.race([sleep(20), running])
    assert.equal((await rowsInFolder(archive.folder)).length, 3)
    stop.abort()
    await running
  })

  it('commits everything it has taken when it is stopped', async () => {
    const topic = await createTopic()
    await produce(topic, numbered(1_000))
    const stop = new AbortController()
    const capture = await openCapture(eventLog, archive.store, topic)
    const running = capture.run({ untilEnd: false }, stop.signal)
    while ((capture.status()[0]?.position ?? 0n) < 1_000n) await Promise.race([sleep(10), running])
    stop.abort()
    await running
    assert.equal(capture.status()[0]?.archived, 1_000n)
    await assertArchived(topic)
  })

  it('leaves out what was aborted and explains every offset without a row', async () => {
    const topic = await createTopic()
    const producer = kafka().producer({ transactionalId: `tx-${topic}`, idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    for (let round = 0; round < 12; round++) {
      const transaction = await producer.transaction()
      await transaction.send({
        topic,
        messages: numbered(7, 0, round * 7).map((message) => ({ ...message, partition: 0 })),
      })
      await (round % 3 === 1 ? transaction.abort() : transaction.commit())
    }
    await producer.disconnect()
    await captureToEnd(eventLog, archive.store, topic, { config: { 'flush.size': 9 } })
    await assertArchived(topic)
    assert.deepEqual(await gapsOf(topic), { control: 12n, aborted: 28n })
  })

  it('archives what log compaction left and explains what it took', async () => {
    const topic = await createTopic({
      config: {
        'cleanup.policy': 'compact',
        'segment.ms': '100',
        'min.cleanable.dirty.ratio': '0.001',
        'max.compaction.lag.ms': '100',
        'min.compaction.lag.ms': '0',
      },
    })
    const message = (index: number): Message => ({
      key: `k${index % 5}`,
      value: `v${index}`,
      timestamp: String(Date.now()),
    })
    const left = async (): Promise<number> => (await readCommitted(brokers, topic)).length
    for (let index = 0; index < 400; index += 100)
      await produce(
        topic,
        Array.from({ length: 100 }, (_, i) => message(index + i)),
      )
    for (let round = 0; (await left()) >= 400; round++) {
      assert.ok(round < 60, 'the broker did not compact the topic')
      // a segment is only cleaned after it was rolled, which a new record does
      await produce(topic, [message(round)])
      await sleep(500)
    }
    await captureToEnd(eventLog, archive.store, topic)
    const { incarnations } = await loadTopic(archive.store, topic)
    assert.ok((await gapsOf(topic)).compacted! > 0n)
    assert.deepEqual(await findingsOf(archive.store, topic), [])
    const offsets = new Set((await rowsInFolder(archive.folder)).map(({ offset }) => offset))
    // the broker may go on compacting: what it still has must all be archived
    for (const { offset } of await readCommitted(brokers, topic)) {
      if (offset < incarnations[0]!.partitions[0]!.archived!.next) assert.ok(offsets.has(offset), `offset ${offset}`)
    }
  })

  it('names what retention took before it could be archived', async () => {
    const topic = await createTopic()
    await produce(topic, numbered(10))
    await captureToEnd(eventLog, archive.store, topic)
    await produce(topic, numbered(10, 0, 10))
    await deleteRecordsBelow(topic, 15)
    await captureToEnd(eventLog, archive.store, topic)
    assert.deepEqual(await gapsOf(topic), { retention: 5n })
    assert.deepEqual(
      (await rowsInFolder(archive.folder)).map(({ offset }) => Number(offset)),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 18, 19],
    )
    assert.deepEqual(await findingsOf(archive.store, topic), [])
  })

  it('gives a topic that was created again its own incarnation and overwrites nothing', async () => {
    const topic = await createTopic()
    await produce(topic, numbered(4))
    await captureToEnd(eventLog, archive.store, topic)
    const admin = kafka().admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [topic] })
    while ((await admin.listTopics()).includes(topic)) await sleep(50)
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] })
    await admin.disconnect()
    await produce(
      topic,
      numbered(3, 0, 100).map((message) => ({ ...message, timestamp: String(startMs) })),
    )
    await captureToEnd(eventLog, archive.store, topic)
    const rows = await rowsInFolder(archive.folder)
    assert.deepEqual(rows.map(({ value }) => value).sort(), ['v0', 'v1', 'v100', 'v101', 'v102', 'v2', 'v3'])
    assert.ok(rows.some(({ file }) => file.endsWith('+0000000000+2.parquet')))
    assert.deepEqual(await findingsOf(archive.store, topic), [])
  })

  it('files by a field of the value when told to', async () => {
    const topic = await createTopic()
    const at = new Date(startMs + 5 * hourMs).toISOString()
    await produce(topic, [
      { value: JSON.stringify({ order: { at } }) },
      { value: JSON.stringify({ order: { at: startMs } }) },
      { key: 'gone', value: null },
    ])
    const config = { 'timestamp.extractor': 'RecordField', 'timestamp.field': 'order.at' }
    await captureToEnd(eventLog, archive.store, topic, { config })
    const hours = (await rowsInFolder(archive.folder)).map(({ file }) => /hour=(\d\d)/.exec(file)?.[1])
    assert.deepEqual(hours, ['14', '09', '09'])
    await produce(topic, [{ value: 'no JSON' }])
    await assert.rejects(captureToEnd(eventLog, archive.store, topic, { config }), {
      code: 'timestamp-field-unreadable',
    })
  })

  it('names all topics that do not exist, before it begins', async () => {
    await assert.rejects(
      captureToEnd(eventLog, archive.store, 'nowhere'),
      (error) => error instanceof NotFoundError && error.code === 'topic-not-found' && /nowhere/.test(error.message),
    )
  })
})

describe('two captures of one topic', () => {
  it('archive every record once, whoever wins', async () => {
    const topic = await createTopic({ partitions: 2 })
    const messages = numbered(4_000).map((message, index) => ({ ...message, partition: index % 2 }))
    await produce(topic, messages)
    const logs = [new MemoryLog(), new MemoryLog()]
    const captures = await Promise.all(
      [7, 11].map((size, index) =>
        openCapture(eventLog, archive.store, topic, { config: { 'flush.size': size * 13 }, log: logs[index]! }),
      ),
    )
    await Promise.all(captures.map((capture) => capture.run({ untilEnd: true }, new AbortController().signal)))
    await assertArchived(topic)
    assert.ok(
      logs.some(({ lines }) => lines.some((line) => line.includes('another writer'))),
      'they met each other',
    )
  })
})

describe('a store that is out of reach for a while', () => {
  it('costs time, never a record', async () => {
    const topic = await createTopic()
    await produce(topic, numbered(50))
    const log = new MemoryLog()
    const store = failingStore(archive.store, 6)
    await captureToEnd(eventLog, store, topic, { log, config: { 'flush.size': 10 } })
    await assertArchived(topic)
    assert.ok(log.lines.some((line) => line.includes('out of reach')))
  })

  it('that refuses for good stops the capture with its error', async () => {
    const topic = await createTopic()
    await produce(topic, numbered(5))
    const store = { ...wrap(archive.store), createIfAbsent: refuse }
    await assert.rejects(captureToEnd(eventLog, store, topic), { code: 'no-way' })
  })
})

const refuse = (): Promise<never> =>
  Promise.reject(new ConflictError('no-way', 'the store refuses', { remedy: 'none' }))

const wrap = (store: ObjectStore): ObjectStore => ({
  url: store.url,
  get: (path) => store.get(path),
  getRange: (path, start, end) => store.getRange(path, start, end),
  head: (path) => store.head(path),
  list: (prefix, options) => store.list(prefix, options),
  folders: (folder) => store.folders(folder),
  createIfAbsent: (path, chunks) => store.createIfAbsent(path, chunks),
  delete: (path) => store.delete(path),
  close: () => store.close(),
})

/** Fails some writes below `topics/` and `log/`, half of them after they took effect. */
function failingStore(store: ObjectStore, failures: number): ObjectStore {
  let left = failures
  return {
    ...wrap(store),
    async createIfAbsent(path, chunks) {
      if (!/^(topics|log)\//.test(path) || left === 0) return store.createIfAbsent(path, chunks)
      left--
      if (left % 2 === 0) await store.createIfAbsent(path, chunks)
      throw new UnavailableError('store-away', 'the store does not answer', { remedy: 'wait' })
    },
  }
}

/** As an administrator does, with Kafka's own tool. */
async function deleteRecordsBelow(topic: string, offset: number): Promise<void> {
  const file = join(archive.folder, 'delete.json')
  await writeFile(file, JSON.stringify({ version: 1, partitions: [{ topic, partition: 0, offset }] }))
  await server.javaTool('org.apache.kafka.tools.DeleteRecordsCommand', [
    '--bootstrap-server',
    brokers[0]!,
    '--offset-json-file',
    file,
  ])
}
