import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import type { TopicInfo } from '../../../src/ports/event-log.ts'
import { deleteRecordsBelow } from '../../kit/delete-records.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { createTestTopic, produceEach } from '../../kit/topics.ts'
import { independentClient } from './judge.ts'
import { withFile } from './with-file.ts'

const startMs = Date.now() - 600_000

describe('what Kafka tells of retention', () => {
  let server: KafkaServer
  let log: KafkaEventLog
  let brokers: string[]

  before(async () => {
    server = await startKafka()
    brokers = server.brokers
    log = await KafkaEventLog.connect({ brokers, clientId: 'retention-test' })
  })
  after(async () => {
    await log.close()
    await server.stop()
  })

  async function infoOf(topic: string): Promise<TopicInfo> {
    const [info] = await log.describe([topic])
    return info!
  }

  it('limits: set ones, unlimited ones, and none where only compaction cleans', async () => {
    const limitsOf = async (config: Record<string, string>) =>
      log.retention.limits(await createTestTopic(brokers, config))
    assert.deepEqual(await limitsOf({ 'retention.ms': '1000', 'retention.bytes': '2000' }), { ms: 1000, bytes: 2000 })
    assert.deepEqual(await limitsOf({}), { ms: 604_800_000, bytes: null })
    assert.deepEqual(await limitsOf({ 'retention.ms': '-1' }), { ms: null, bytes: null })
    const compacted = { 'cleanup.policy': 'compact', 'retention.ms': '1000', 'retention.bytes': '5' }
    assert.deepEqual(await limitsOf(compacted), { ms: null, bytes: null })
    const both = { 'cleanup.policy': 'compact,delete', 'retention.ms': '1000' }
    assert.deepEqual(await limitsOf(both), { ms: 1000, bytes: null })
    await assert.rejects(log.retention.limits('nowhere'), { code: 'topic-not-found' })
  })

  it('extents, sizes and times, also after records were deleted', async () => {
    const topic = await createTestTopic(brokers, {}, 2)
    const empty = { logStart: 0n, end: 0n, oldestTimestampMs: null }
    const info = await infoOf(topic)
    assert.deepEqual(await log.retention.extents(info, [1, 0]), [
      { partition: 1, ...empty },
      { partition: 0, ...empty },
    ])
    const records = Array.from({ length: 10 }, (_, i) => ({
      value: 'v'.repeat(1_000),
      timestampMs: startMs + i * 1_000,
    }))
    await produceEach(brokers, topic, records)
    assert.deepEqual((await log.retention.extents(info, [0]))[0], {
      partition: 0,
      logStart: 0n,
      end: 10n,
      oldestTimestampMs: startMs,
    })
    const sizes = await log.retention.sizes([info])
    const [full, none] = [0, 1].map((partition) => sizes.find((size) => size.partition === partition)!)
    assert.ok(full!.bytes > 10_000 && full!.bytes < 12_000, String(full!.bytes))
    assert.equal(none!.bytes, 0)
    const places = [3n, 0n, 10n].map((offset) => ({ partition: 0, offset }))
    assert.deepEqual(await log.retention.timestampsAt(info, places), [startMs + 3_000, startMs, null])
    await deleteRecordsBelow(server, topic, 4)
    assert.deepEqual((await log.retention.extents(info, [0]))[0], {
      partition: 0,
      logStart: 4n,
      end: 10n,
      oldestTimestampMs: startMs + 4_000,
    })
    const [gone, first] = [3n, 4n].map((offset) => ({ partition: 0, offset }))
    assert.deepEqual(await log.retention.timestampsAt(info, [gone!, first!]), [null, startMs + 4_000])
  })

  it('the time of a batch is its latest: by that one its segment is judged', async () => {
    const topic = await createTestTopic(brokers)
    const producer = independentClient(brokers).producer()
    await producer.connect()
    const messages = [5, 9, 1].map((second) => ({ value: 'v', timestamp: String(startMs + second * 1_000) }))
    await producer.send({ topic, messages })
    const info = await infoOf(topic)
    const places = [0n, 1n, 2n].map((offset) => ({ partition: 0, offset }))
    assert.deepEqual(await log.retention.timestampsAt(info, places), Array(3).fill(startMs + 9_000))
    await producer.disconnect()
  })

  it('an undecided transaction is part of the log: retention does not wait for it', async () => {
    const topic = await createTestTopic(brokers)
    const producer = independentClient(brokers).producer({
      transactionalId: `tx-${topic}`,
      idempotent: true,
      maxInFlightRequests: 1,
    })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [{ value: 'v', timestamp: String(startMs) }] })
    const info = await infoOf(topic)
    assert.equal((await log.bounds(info, [0]))[0]?.end, 0n)
    assert.equal((await log.retention.extents(info, [0]))[0]?.end, 1n)
    assert.deepEqual(await log.retention.timestampsAt(info, [{ partition: 0, offset: 0n }]), [startMs])
    await transaction.abort()
    await producer.disconnect()
  })

  it('groups: of consumers that read, of ones that are gone, and of both protocols', async () => {
    const topic = await createTestTopic(brokers, {}, 2)
    const other = await createTestTopic(brokers)
    await produceEach(
      brokers,
      topic,
      Array.from({ length: 6 }, (_, i) => ({ value: `v${i}`, partition: i % 2 })),
    )
    const names = ['gone', 'classic', 'modern'].map((name) => `${name}-${topic}`)
    const [gone, classic, modern] = names as [string, string, string]
    await log.acknowledge(gone, [
      { topic, partition: 1, next: 2n },
      { topic: other, partition: 0, next: 0n },
    ])
    const consumer = independentClient(brokers).consumer({ groupId: classic })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    const three = Promise.withResolvers<void>()
    let seen = 0
    await consumer.run({
      eachMessage: async ({ partition, message }) => {
        await consumer.commitOffsets([{ topic, partition, offset: String(Number(message.offset) + 1) }])
        seen += 1
        if (seen === 6) three.resolve()
      },
    })
    await three.promise
    // a consumer of the protocol of KIP-848, by Kafka's own tool
    await server.javaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      ...['--bootstrap-server', brokers[0]!, '--topic', topic, '--group', modern, '--from-beginning'],
      ...['--max-messages', '6', '--timeout-ms', '20000', '--command-property', 'group.protocol=consumer'],
    ])
    const { positions, refused } = await log.retention.groupPositions([topic])
    await consumer.disconnect()
    assert.deepEqual(refused, [])
    const byGroup = (group: string) =>
      positions
        .filter((position) => position.group === group)
        .sort((a, b) => a.partition - b.partition)
        .map(({ partition, next, topic: on }) => [on, partition, next])
    assert.deepEqual(byGroup(gone), [[topic, 1, 2n]])
    for (const group of [classic, modern]) {
      assert.deepEqual(byGroup(group), [
        [topic, 0, 3n],
        [topic, 1, 3n],
      ])
    }
  })
})

describe('a cluster of several brokers', () => {
  it('tells of all partitions, whichever broker leads them', async () => {
    const server = await startKafka()
    const second = await startKafka({ joins: server })
    const log = await KafkaEventLog.connect({ brokers: server.brokers, clientId: 'retention-test' })
    try {
      const topic = await createTestTopic(server.brokers, {}, 4)
      const partitions = [0, 1, 2, 3]
      await produceEach(
        server.brokers,
        topic,
        partitions.map((partition) => ({ value: 'v', partition, timestampMs: startMs + partition })),
      )
      const [info] = await log.describe([topic])
      const sizes = await log.retention.sizes([info!])
      assert.deepEqual(sizes.map(({ partition }) => partition).sort(), partitions)
      assert.ok(sizes.every(({ bytes }) => bytes > 0))
      const extents = await log.retention.extents(info!, partitions)
      assert.deepEqual(
        extents.map(({ end, oldestTimestampMs }) => [end, oldestTimestampMs]),
        partitions.map((partition) => [1n, startMs + partition]),
      )
      const places = partitions.map((partition) => ({ partition, offset: 0n }))
      assert.deepEqual(
        await log.retention.timestampsAt(info!, places),
        partitions.map((partition) => startMs + partition),
      )
      await log.acknowledge('some', [{ topic, partition: 3, next: 1n }])
      const { positions } = await log.retention.groupPositions([topic])
      assert.deepEqual(positions, [{ group: 'some', topic, partition: 3, next: 1n }])
    } finally {
      await log.close()
      await second.stop()
      await server.stop()
    }
  })
})

describe('a client with few permissions', () => {
  const secret = 'a-very-secret-word'
  const login = 'org.apache.kafka.common.security.plain.PlainLoginModule required'
  const asAdmin = `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config=${login} username="admin" password="${secret}";\n`
  let server: KafkaServer

  before(async () => {
    server = await startKafka({
      config: {
        'listener.security.protocol.map': 'PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
        'inter.broker.listener.name': 'PLAINTEXT',
        'sasl.enabled.mechanisms': 'PLAIN',
        'sasl.mechanism.inter.broker.protocol': 'PLAIN',
        'listener.name.plaintext.plain.sasl.jaas.config': `${login} username="admin" password="${secret}" user_admin="${secret}" user_reader="${secret}";`,
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:admin;User:ANONYMOUS',
      },
    })
  })
  after(() => server.stop())

  const connect = (username: string): Promise<KafkaEventLog> =>
    KafkaEventLog.connect({
      brokers: server.brokers,
      clientId: 'retention-test',
      sasl: { mechanism: 'PLAIN', username, password: secret },
    })
  const allow = (operation: string, ...resource: string[]) =>
    withFile(asAdmin, (file) =>
      server.javaTool('org.apache.kafka.tools.AclCommand', [
        ...['--bootstrap-server', server.brokers[0]!, '--command-config', file],
        ...['--add', '--allow-principal', 'User:reader', '--operation', operation, ...resource],
      ]),
    )

  it('is told what it lacks, and sees what it may', async () => {
    const [admin, reader] = await Promise.all([connect('admin'), connect('reader')])
    await admin.createTarget('guarded', { partitions: 1, config: {}, maxRecordBytes: 1 })
    await admin.acknowledge('hidden', [{ topic: 'guarded', partition: 0, next: 0n }])
    await allow('Describe', '--topic', 'guarded')
    const [info] = await admin.describe(['guarded'])
    const denied = (operation: RegExp) => ({
      code: 'broker-permission-denied',
      remedy: /kafka-acls/,
      message: operation,
    })
    await assert.rejects(reader.retention.limits('guarded'), denied(/configuration of topic 'guarded'/))
    await allow('DescribeConfigs', '--topic', 'guarded')
    await assert.rejects(reader.retention.sizes([info!]), denied(/sizes of partitions/))
    await assert.rejects(
      reader.retention.timestampsAt(info!, [{ partition: 0, offset: 0n }]),
      denied(/partition 0 of topic 'guarded'/),
    )
    assert.equal((await reader.retention.extents(info!, [0]))[0]?.end, 0n)
    assert.deepEqual(await reader.retention.groupPositions(['guarded']), { positions: [], refused: [] })
    await allow('Describe', '--cluster')
    assert.equal((await reader.retention.sizes([info!])).length, 1)
    // it may list all groups now, but not see their offsets
    assert.deepEqual(await reader.retention.groupPositions(['guarded']), { positions: [], refused: ['hidden'] })
    await allow('Describe', '--group', 'hidden')
    assert.deepEqual(await reader.retention.groupPositions(['guarded']), {
      positions: [{ group: 'hidden', topic: 'guarded', partition: 0, next: 0n }],
      refused: [],
    })
    await reader.close()
    await admin.close()
  })
})
