import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import kafkajs from 'kafkajs'
import { KafkaCluster } from '../../../src/adapters/kafka/cluster.ts'
import { KafkaReader } from '../../../src/adapters/kafka/reader.ts'
import { encodeBatch, RecordEncoder } from '../../../src/format/record-batch/index.ts'
import type { TopicIdentity } from '../../../src/ports/event-log.ts'
import { allCodecs } from '../../format/record-batch/samples.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { appendBatch, drain, identityOf, openReader, readUntil } from './reading.ts'

let server: KafkaServer
let cluster: KafkaCluster
let kafka: kafkajs.Kafka
let admin: kafkajs.Admin

before(async () => {
  server = await startKafka()
  cluster = new KafkaCluster({ brokers: server.brokers, clientId: 'reader-test' })
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
    compress: async (encoder: { buffer: Buffer }) =>
      zstdCompressSync(encoder.buffer, { params: { [constants.ZSTD_c_compressionLevel]: 3 } }),
    decompress: async (bytes: Buffer) => zstdDecompressSync(bytes),
  })
  kafka = new kafkajs.Kafka({ brokers: server.brokers, logLevel: kafkajs.logLevel.NOTHING })
  admin = kafka.admin()
  await admin.connect()
})

after(async () => {
  await admin?.disconnect()
  await cluster?.close()
  await server?.stop()
})

async function createTopic(
  topic: string,
  config: Record<string, string> = {},
  numPartitions = 1,
): Promise<TopicIdentity> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
  await admin.createTopics({
    topics: [{ topic, numPartitions, replicationFactor: 1, configEntries }],
    waitForLeaders: false,
  })
  await leaderKnown(topic)
  return identityOf(cluster, topic)
}

/** kafkajs's own wait gives up when the broker has not heard of the topic yet. */
async function leaderKnown(topic: string): Promise<void> {
  for (;;) {
    try {
      await admin.fetchTopicMetadata({ topics: [topic] })
      return
    } catch (error) {
      if (!(error instanceof kafkajs.KafkaJSProtocolError && error.retriable)) throw error
      await sleep(20)
    }
  }
}

/** What an independent read-committed consumer sees of partition 0, up to `count` records. */
async function readByKafkaJs(topic: string, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: `judge-${topic}`, readUncommitted: false, maxWaitTimeInMs: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const seen: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  await consumer.run({
    eachMessage: async ({ message }) => {
      seen.push(`${message.offset} ${message.timestamp} ${message.key} ${message.value}`)
      if (seen.length === count) resolve()
    },
  })
  await promise
  await consumer.disconnect()
  return seen
}

for (const codec of allCodecs) {
  test(`what Java's producer compressed with ${codec} is read byte for byte, duplicate headers in order`, async () => {
    const identity = await createTopic(`java-${codec}`)
    const lines = Array.from({ length: 2_000 }, (_, id) => `a:${id},b:two,a:ü\tkey-${id}\t{"id":${id},"text":"caffè"}`)
    const properties = ['parse.headers=true', 'parse.key=true'].flatMap((property) => ['--reader-property', property])
    await server.javaTool(
      'org.apache.kafka.tools.ConsoleProducer',
      [
        '--bootstrap-server',
        server.brokers[0]!,
        '--topic',
        identity.topic,
        '--compression-codec',
        codec,
        ...properties,
      ],
      `${lines.join('\n')}\n`,
    )
    const { records, gaps, fetches } = await readUntil(cluster, identity, 2_000n)
    const codecs = fetches.flatMap(({ runs }) => runs.map((run) => (run.kind === 'records' ? run.block.codec : 'gap')))
    assert.deepEqual(new Set(codecs), new Set([codec]))
    assert.deepEqual(gaps, [])
    assert.deepEqual(
      records.map(({ key, value, headers }) => {
        const told = headers.map((header) => `${header.key}:${header.value}`).join(',')
        return `${told}\t${key}\t${value}`
      }),
      lines,
    )
  })

  test(`what we compressed with ${codec} is read by Java's consumer`, async () => {
    const identity = await createTopic(`ours-${codec}`)
    const encoder = new RecordEncoder()
    const expected: string[] = []
    for (let id = 0; id < 3_000; id += 1) {
      const timestampMs = 1_700_000_000_000 + id
      const header = { key: Buffer.from('h'), value: id % 2 === 0 ? null : Buffer.from('1') }
      const value = `value ${id} ${'x'.repeat(id % 300)}`
      encoder.appendRecord({
        key: Buffer.from(`k${id}`),
        value: Buffer.from(value),
        headers: [header, header],
        timestampMs,
      })
      const told = id % 2 === 0 ? 'h:null,h:null' : 'h:1,h:1'
      expected.push(`CreateTime:${timestampMs}\tOffset:${id}\t${told}\tk${id}\t${value}`)
    }
    const producer = { producerId: -1n, producerEpoch: -1, baseSequence: -1, transactional: false }
    assert.equal(await appendBatch(cluster, identity, encodeBatch(encoder.finish(), { codec, ...producer })), 0n)
    const shown = ['timestamp', 'offset', 'headers', 'key'].flatMap((part) => [
      '--formatter-property',
      `print.${part}=true`,
    ])
    const printed = await server.javaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      ...['--bootstrap-server', server.brokers[0]!, '--topic', identity.topic, '--from-beginning'],
      ...['--max-messages', '3000', ...shown],
    ])
    assert.deepEqual(printed.trimEnd().split('\n'), expected)
    assert.equal((await readUntil(cluster, identity, 3_000n)).records.length, 3_000)
  })
}

test('interleaved transactions, read in many small fetches, give what an independent consumer sees', async () => {
  const identity = await createTopic('transactions')
  const { topic } = identity
  const producers = await Promise.all(
    ['one', 'two', 'three'].map(async (transactionalId) => {
      const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
      await producer.connect()
      return producer
    }),
  )
  const plain = kafka.producer()
  await plain.connect()
  let committed = 0
  for (let round = 0; round < 12; round += 1) {
    const open = await Promise.all(producers.map((producer) => producer.transaction()))
    for (let step = 0; step < 4; step += 1) {
      for (const [who, transaction] of open.entries()) {
        const messages = Array.from({ length: 1 + ((round + step) % 7) }, (_, n) => ({
          key: `${who}`,
          value: `${round}/${step}/${n} ${'v'.repeat(100)}`,
          timestamp: String(1_700_000_000_000 + round * 1_000 + step),
        }))
        const compression = [
          kafkajs.CompressionTypes.None,
          kafkajs.CompressionTypes.GZIP,
          kafkajs.CompressionTypes.ZSTD,
        ][step % 3]
        await transaction.send({ topic, messages, compression })
        if ((round + who) % 3 !== 0) committed += messages.length
      }
      await plain.send({ topic, messages: [{ key: 'plain', value: `${round}/${step}` }] })
      committed += 1
    }
    for (const [who, transaction] of open.entries()) {
      if ((round + who) % 3 === 0) await transaction.abort()
      else await transaction.commit()
    }
  }
  await Promise.all([plain, ...producers].map((producer) => producer.disconnect()))
  const judged = await readByKafkaJs(topic, committed)
  // asked only now: markers are written after the commit was answered, and the end waits for them
  const [told] = await admin.fetchTopicOffsets(topic)
  const end = BigInt(told!.high)
  for (const maxBytes of [1, 2_000, 4 * 1024 * 1024]) {
    const { records, gaps, fetches } = await readUntil(cluster, identity, end, { options: { maxBytes } })
    assert.deepEqual(
      records.map((record) => `${record.offset} ${record.timestampMs} ${record.key} ${record.value}`),
      judged,
    )
    if (maxBytes === 1) assert.ok(fetches.every(({ runs }) => runs.length === 1))
    assert.deepEqual(new Set(gaps.map((gap) => gap.reason)), new Set(['control', 'aborted']))
    const markers = gaps.filter((gap) => gap.reason === 'control')
    assert.equal(
      markers.reduce((sum, gap) => sum + gap.lastOffset - gap.firstOffset + 1n, 0n),
      36n,
    )
  }
  // From every offset on, whatever batch or transaction it falls into.
  for (let from = 1n; from < end; from += 37n) {
    const { records } = await readUntil(cluster, identity, end, { from })
    const wanted = judged.filter((line) => BigInt(line.split(' ')[0]!) >= from)
    assert.equal(records.length, wanted.length)
    assert.equal(String(records[0]?.offset), String(wanted[0]?.split(' ')[0]))
  }
})

test('an open transaction is not read until it is decided', async () => {
  const identity = await createTopic('undecided')
  const producer = kafka.producer({ transactionalId: 'undecided', idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic: identity.topic, messages: [{ value: 'later' }] })
  const reader = openReader(cluster, identity)
  assert.deepEqual(await reader.next(AbortSignal.timeout(10_000)), [])
  await transaction.commit()
  const { records, gaps } = await drain(reader, 2n, 0n)
  assert.deepEqual(
    records.map(({ value }) => String(value)),
    ['later'],
  )
  assert.deepEqual(gaps, [{ reason: 'control', firstOffset: 1n, lastOffset: 1n }])
  await reader.close()
  await producer.disconnect()
})

test('records deleted before they were read are a retention gap', async () => {
  const identity = await createTopic('deleted')
  const producer = kafka.producer()
  await producer.connect()
  for (let id = 0; id < 10; id += 1) await producer.send({ topic: identity.topic, messages: [{ value: `${id}` }] })
  await producer.disconnect()
  const plan = join(tmpdir(), `coldstream-delete-${process.pid}.json`)
  await writeFile(
    plan,
    JSON.stringify({ version: 1, partitions: [{ topic: identity.topic, partition: 0, offset: 6 }] }),
  )
  const args = ['--bootstrap-server', server.brokers[0]!, '--offset-json-file', plan]
  await server.javaTool('org.apache.kafka.tools.DeleteRecordsCommand', args)
  await rm(plan)
  const { records, gaps, fetches } = await readUntil(cluster, identity, 10n, { from: 2n })
  assert.deepEqual(gaps, [{ reason: 'retention', firstOffset: 2n, lastOffset: 5n }])
  assert.deepEqual(
    records.map(({ value }) => String(value)),
    ['6', '7', '8', '9'],
  )
  assert.equal(fetches.at(-1)!.first, 6n)
  assert.equal(fetches.at(-1)!.end, 10n)
})

test('a topic that is deleted and created again is not found, and its new records are never delivered', async () => {
  const identity = await createTopic('reborn')
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: 'reborn', messages: [{ value: 'old' }] })
  const reader = openReader(cluster, identity)
  const { records } = await drain(reader, 1n, 0n)
  assert.deepEqual(
    records.map(({ value }) => String(value)),
    ['old'],
  )
  await admin.deleteTopics({ topics: ['reborn'] })
  const reborn = await createTopic('reborn')
  assert.notEqual(reborn.incarnationId, identity.incarnationId)
  await producer.send({ topic: 'reborn', messages: [{ value: 'new' }, { value: 'new' }] })
  await producer.disconnect()
  await assert.rejects(
    async () => {
      const signal = AbortSignal.timeout(15_000)
      for (;;) assert.deepEqual(await reader.next(signal), [])
    },
    { name: 'NotFoundError', code: 'topic-not-found' },
  )
  await reader.close()
})

test('a topic that is gone for good is not found', async () => {
  const identity = await createTopic('gone')
  await admin.deleteTopics({ topics: ['gone'] })
  const reader = openReader(cluster, identity)
  await assert.rejects(
    async () => {
      const signal = AbortSignal.timeout(15_000)
      for (;;) assert.deepEqual(await reader.next(signal), [])
    },
    { name: 'NotFoundError', code: 'topic-not-found' },
  )
  await reader.close()
})

test('a compacted topic is read with its holes: within batches, and whole batches', async () => {
  const identity = await createTopic('compacted', {
    'cleanup.policy': 'compact',
    'segment.ms': '50',
    'min.cleanable.dirty.ratio': '0.001',
    'max.compaction.lag.ms': '100',
  })
  const { topic } = identity
  const producer = kafka.producer()
  await producer.connect()
  const at = Date.now() - 60_000
  const send = (index: number, keys: string[]): Promise<unknown> =>
    producer.send({
      topic,
      messages: keys.map((key) => ({ key, value: `${index}`, timestamp: String(at + index * 1_000) })),
    })
  // Offsets 0-3, 4-5, 6-7, 8: the first batch keeps b, the second loses all, the third keeps all.
  await send(0, ['a', 'b', 'c', 'd'])
  await send(1, ['a', 'c'])
  await send(2, ['a', 'c'])
  await send(3, ['d'])
  const deadline = Date.now() + 30_000
  for (let id = 4; ; id += 1) {
    // A new record closes the segment before it, which the cleaner then takes.
    await send(id, [`z${id}`])
    const { records, gaps } = await readUntil(cluster, identity, 9n)
    if (records.filter(({ offset }) => offset < 9n).length > 4 && Date.now() < deadline) continue
    const values = records.filter(({ offset }) => offset < 9n).map(({ offset, key }) => `${offset}${key}`)
    assert.deepEqual(values, ['1b', '6a', '7c', '8d'])
    const missing = gaps.flatMap(({ firstOffset, lastOffset }) =>
      Array.from({ length: Number(lastOffset - firstOffset) + 1 }, (_, step) => Number(firstOffset) + step),
    )
    assert.deepEqual(
      missing.filter((offset) => offset < 9),
      [0, 2, 3, 4, 5],
    )
    break
  }
  await producer.disconnect()
})

test('a topic with append time gives every record the time of the broker', async () => {
  const identity = await createTopic('stamped', { 'message.timestamp.type': 'LogAppendTime' })
  const producer = kafka.producer()
  await producer.connect()
  const messages = ['1', '2', '3'].map((value) => ({ key: value, value, timestamp: '1600000000000' }))
  await producer.send({ topic: identity.topic, messages })
  await producer.disconnect()
  const { records, fetches } = await readUntil(cluster, identity, 3n)
  const judged = await readByKafkaJs(identity.topic, 3)
  assert.deepEqual(
    records.map(({ offset, timestampMs, key, value }) => `${offset} ${timestampMs} ${key} ${value}`),
    judged,
  )
  assert.ok(records[0]!.timestampMs > 1_600_000_000_000)
  assert.ok(fetches[0]!.runs.every((run) => run.kind === 'records' && run.block.appendTimestampMs !== null))
})

test('a batch larger than maxBytes comes all the same, and no partition starves', async () => {
  const identity = await createTopic('large', {}, 4)
  const producer = kafka.producer()
  await producer.connect()
  for (let partition = 0; partition < 4; partition += 1) {
    for (let id = 0; id < 5; id += 1) {
      await producer.send({ topic: identity.topic, messages: [{ partition, value: Buffer.alloc(200_000, id) }] })
    }
  }
  await producer.disconnect()
  const positions = [0, 1, 2, 3].map((partition) => ({ ...identity, partition, offset: 0n, epoch: -1 }))
  const reader = new KafkaReader(cluster, positions, { maxBytes: 64 * 1024, maxWaitMs: 200 })
  const order: number[] = []
  const signal = AbortSignal.timeout(20_000)
  while (order.length < 20) for (const { partition } of await reader.next(signal)) order.push(partition)
  for (let round = 0; round < 5; round += 1) {
    assert.deepEqual(order.slice(round * 4, round * 4 + 4).toSorted(), [0, 1, 2, 3])
  }
  await reader.close()
})

test('a paused partition is left out until it is resumed', async () => {
  const identity = await createTopic('paused', {}, 2)
  const producer = kafka.producer()
  await producer.connect()
  const positions = [0, 1].map((partition) => ({ ...identity, partition, offset: 0n, epoch: -1 }))
  const reader = new KafkaReader(cluster, positions, { maxBytes: 1024 * 1024, maxWaitMs: 100 })
  reader.pause(identity.topic, 0)
  const messages = [0, 1].map((partition) => ({ partition, value: 'v' }))
  await producer.send({ topic: identity.topic, messages })
  await producer.disconnect()
  const signal = AbortSignal.timeout(20_000)
  const seen: number[] = []
  while (seen.length === 0) for (const { partition } of await reader.next(signal)) seen.push(partition)
  for (let empty = 0; empty < 3; empty += 1) assert.deepEqual(await reader.next(signal), [])
  reader.resume(identity.topic, 0)
  while (seen.length === 1) for (const { partition } of await reader.next(signal)) seen.push(partition)
  assert.deepEqual(seen, [1, 0])
  await reader.close()
})

test('an aborted signal ends the waiting; a closed reader says so', async () => {
  const identity = await createTopic('waiting')
  const reader = openReader(cluster, identity, { options: { maxWaitMs: 10_000 } })
  const stopped = new Error('stop')
  const controller = new AbortController()
  const waiting = reader.next(controller.signal)
  controller.abort(stopped)
  await assert.rejects(waiting, stopped)
  const again = reader.next(AbortSignal.timeout(20_000))
  await Promise.all([reader.close(), assert.rejects(again, { code: 'reader-closed' })])
  await assert.rejects(reader.next(AbortSignal.timeout(1_000)), { code: 'reader-closed' })
})

test('a position above the log means that records were lost', async () => {
  const identity = await createTopic('short')
  await assert.rejects(readUntil(cluster, identity, 1_000n, { from: 500n }), {
    name: 'DamagedDataError',
    code: 'log-truncated',
    details: { topic: 'short', partition: 0, position: '500', truncatedTo: '0' },
  })
})

// The last ones, for they stop the broker.

test('a broker that restarts is waited for, and reading goes on where it was', async () => {
  const identity = await createTopic('restarted')
  const producer = kafka.producer({ retry: { retries: 20 } })
  await producer.connect()
  await producer.send({ topic: identity.topic, messages: [{ value: 'before' }] })
  const reader = openReader(cluster, identity)
  const first = await drain(reader, 1n, 0n)
  await server.kill()
  assert.deepEqual(await reader.next(AbortSignal.timeout(20_000)), [])
  await server.restart()
  await producer.send({ topic: identity.topic, messages: [{ value: 'after' }] })
  const { records, fetches } = await drain(reader, 2n, 1n)
  assert.deepEqual(
    records.map(({ value }) => String(value)),
    ['after'],
  )
  await reader.close()

  // The restart began another leader epoch. One who claims to have read further in the old one than it went, as after
  // an unclean election, is told that the log was cut.
  const oldEpoch = first.fetches[0]!.epoch
  assert.ok(fetches[0]!.epoch > oldEpoch)
  await producer.send({ topic: identity.topic, messages: [{ value: 'more' }] })
  await producer.disconnect()
  await assert.rejects(readUntil(cluster, identity, 3n, { from: 2n, epoch: oldEpoch }), {
    code: 'log-truncated',
    details: { topic: 'restarted', partition: 0, position: '2', truncatedTo: '1' },
  })
  const going = await readUntil(cluster, identity, 3n, { from: 2n, epoch: fetches[0]!.epoch })
  assert.deepEqual(
    going.records.map(({ value }) => String(value)),
    ['more'],
  )
})

test('a broker that stays away is an error after the time given, and again after as much time', async () => {
  const identity = await createTopic('away')
  const reader = openReader(cluster, identity, { options: { giveUpAfterMs: 500 } })
  assert.deepEqual(await reader.next(AbortSignal.timeout(20_000)), [])
  await server.kill()
  const untilError = async (): Promise<void> => {
    const signal = AbortSignal.timeout(30_000)
    for (;;) assert.deepEqual(await reader.next(signal), [])
  }
  await assert.rejects(untilError, { name: 'UnavailableError' })
  await assert.rejects(untilError, { name: 'UnavailableError' })
  await reader.close()
})
