import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { independentClient, readCommitted } from './judge.ts'
import { blockOfRecords, numbered } from './records.ts'
import { withFile } from './with-file.ts'

const longMax = '9223372036854775807'

describe('a Kafka cluster as an event log', () => {
  let kafka: KafkaServer
  let log: KafkaEventLog
  const admin = (): ReturnType<ReturnType<typeof independentClient>['admin']> =>
    independentClient(kafka.brokers).admin()

  before(async () => {
    kafka = await startKafka({ retentionCheckMs: 300 })
    log = await KafkaEventLog.connect({ brokers: kafka.brokers, clientId: 'event-log-test' })
  })
  after(async () => {
    await log.close()
    await kafka.stop()
  })

  async function topicWith(config: Record<string, string>, partitions = 1): Promise<string> {
    const topic = `topic-${randomUUID()}`
    const client = admin()
    await client.connect()
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
    await client.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }] })
    await client.disconnect()
    return topic
  }

  async function writeTo(target: string, ...blocks: ReturnType<typeof numbered>[]): Promise<void> {
    const writer = await log.openWriter({ replay: `r-${randomUUID()}`, task: 0, tasks: 8, targets: [target] })
    for (const block of blocks) await writer.write(target, 0, block)
    await writer.commit(Buffer.from('done'))
    await writer.close()
  }

  it('describes topics and leaves out those that do not exist', async () => {
    const created = await topicWith({}, 3)
    const stamped = await topicWith({ 'message.timestamp.type': 'LogAppendTime' })
    const described = await log.describe([created, 'no-such-topic', 'no/such/name', stamped])
    const known = new Map(described.map((topic) => [topic.topic, topic]))
    assert.equal(known.size, 2)
    assert.equal(known.get(created)?.partitions, 3)
    assert.equal(known.get(created)?.timestampType, 'create')
    assert.equal(known.get(stamped)?.timestampType, 'append')
  })

  it('tells a topic from a namesake that took its place', async () => {
    const topic = await topicWith({})
    const [first] = await log.describe([topic])
    const client = admin()
    await client.connect()
    await client.deleteTopics({ topics: [topic] })
    await assert.rejects(log.bounds(first!, [0]), { name: 'NotFoundError', code: 'topic-not-found' })
    await client.createTopics({ topics: [{ topic }] })
    await client.disconnect()
    await assert.rejects(log.bounds(first!, [0]), { code: 'topic-not-found' })
    const [second] = await log.describe([topic])
    assert.notEqual(second!.incarnationId, first!.incarnationId)
    assert.deepEqual(await log.bounds(second!, [0]), [{ partition: 0, first: 0n, end: 0n }])
  })

  it('lists topics sorted, without internal ones and those that hold progress', async () => {
    const topic = await topicWith({})
    await writeTo(topic, numbered(0, 1))
    const names = await log.listTopics()
    assert.ok(names.includes(topic))
    assert.deepEqual(names, [...names].sort())
    assert.deepEqual(
      names.filter((name) => name.startsWith('coldstream-progress-') || name.startsWith('__')),
      [],
    )
  })

  it('bounds a partition by the last stable offset', async () => {
    const topic = await topicWith({ 'retention.ms': '-1' })
    const [identity] = await log.describe([topic])
    const writer = await log.openWriter({ replay: `r-${randomUUID()}`, task: 0, tasks: 8, targets: [topic] })
    await writer.write(topic, 0, numbered(0, 10))
    await writer.commit(Buffer.from(''))
    await writer.close()
    assert.deepEqual(await log.bounds(identity!, [0]), [{ partition: 0, first: 0n, end: 11n }])
    const producer = independentClient(kafka.brokers).producer({
      transactionalId: randomUUID(),
      maxInFlightRequests: 1,
      idempotent: true,
    })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({ topic, messages: [{ value: 'open' }] })
    assert.deepEqual(await log.bounds(identity!, [0]), [{ partition: 0, first: 0n, end: 11n }])
    await transaction.abort()
    await producer.disconnect()
  })

  it("moves a group's offsets, with a note", async () => {
    const topic = await topicWith({}, 2)
    const group = `archive-${randomUUID()}`
    await log.acknowledge(group, [
      { topic, partition: 0, next: 7n, note: 'up to the hour' },
      { topic, partition: 1, next: 9_007_199_254_740_993n },
    ])
    await log.acknowledge(group, [])
    const client = admin()
    await client.connect()
    const [told] = await client.fetchOffsets({ groupId: group, topics: [topic] })
    await client.disconnect()
    const byPartition = told!.partitions.sort((one, other) => one.partition - other.partition)
    assert.deepEqual(
      byPartition.map(({ offset, metadata }) => [offset, metadata]),
      [
        ['7', 'up to the hour'],
        ['9007199254740993', null],
      ],
    )
  })

  it('does not meddle with a group that has members', async () => {
    const topic = await topicWith({})
    const group = `busy-${randomUUID()}`
    const consumer = independentClient(kafka.brokers).consumer({ groupId: group })
    const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
    await consumer.connect()
    await consumer.subscribe({ topic })
    await consumer.run({ eachMessage: () => Promise.resolve() })
    await joined
    await assert.rejects(log.acknowledge(group, [{ topic, partition: 0, next: 1n }]), { code: 'group-in-use' })
    await consumer.disconnect()
  })

  it('creates targets that keep history and take large records', async () => {
    const target = `target-${randomUUID()}`
    assert.equal(await log.inspectTarget(target), null)
    await log.createTarget(target, { partitions: 4, config: { 'segment.ms': '60000' }, maxRecordBytes: 3_000_000 })
    assert.deepEqual(await log.inspectTarget(target), {
      partitions: 4,
      empty: true,
      hazards: [],
      maxRecordBytes: 3_000_000,
    })
    const shown = await kafka.javaTool('org.apache.kafka.tools.TopicCommand', [
      ...['--bootstrap-server', kafka.brokers[0]!, '--describe', '--topic', target],
    ])
    for (const setting of [
      'cleanup.policy=delete',
      'retention.ms=-1',
      'retention.bytes=-1',
      'message.timestamp.type=CreateTime',
      `message.timestamp.before.max.ms=${longMax}`,
      `message.timestamp.after.max.ms=${longMax}`,
      'max.message.bytes=3000000',
      'segment.ms=60000',
    ]) {
      assert.ok(shown.includes(setting), `${setting} is not in ${shown}`)
    }
    await assert.rejects(log.createTarget(target, { partitions: 1, config: {}, maxRecordBytes: 1 }), {
      name: 'ConflictError',
      code: 'target-exists',
    })
  })

  it('keeps records from any time in a target, where a usual topic loses them at once', async () => {
    const target = `target-${randomUUID()}`
    await log.createTarget(target, { partitions: 1, config: {}, maxRecordBytes: 1 })
    const usual = await topicWith({})
    const times = [0, 1_000_000_000_000, Date.now(), 4_000_000_000_000]
    await writeTo(target, blockOfRecords(times.map((timestampMs) => ({ timestampMs, value: Buffer.from('x') }))))
    await writeTo(usual, numbered(0, 10))
    const [identity] = await log.describe([usual])
    // The retention check that empties the usual topic has looked at the target as well.
    for (let first = 0n; first === 0n; ) first = (await log.bounds(identity!, [0]))[0]!.first
    const records = await readCommitted(kafka.brokers, target)
    assert.deepEqual(
      records.map((record) => record.timestampMs),
      times,
    )
  })

  it('says what is wrong with a creation in the words of the broker', async () => {
    const create = (topic: string, config: Record<string, string>, partitions = 1): Promise<void> =>
      log.createTarget(topic, { partitions, config, maxRecordBytes: 1 })
    await assert.rejects(create('a/b', {}), { code: 'topic-name-invalid' })
    await assert.rejects(create('..', {}), { code: 'topic-name-invalid' })
    await assert.rejects(create('ok', { 'no.such.setting': '1' }), {
      code: 'topic-refused',
      message: /no\.such\.setting/,
    })
    await assert.rejects(create('ok', {}, 0), { code: 'target-options-invalid' })
  })

  for (const [code, config] of [
    ['target-retention-time', { 'retention.ms': '604800000', 'retention.bytes': '-1' }],
    ['target-retention-size', { 'retention.ms': '-1', 'retention.bytes': '1000000' }],
    ['target-replicas-missing', { 'retention.ms': '-1', 'min.insync.replicas': '2' }],
    ['target-compacted', { 'retention.ms': '-1', 'cleanup.policy': 'compact' }],
    ['target-append-time', { 'retention.ms': '-1', 'message.timestamp.type': 'LogAppendTime' }],
    ['target-timestamps-refused', { 'retention.ms': '-1', 'message.timestamp.before.max.ms': '3600000' }],
  ] as [string, Record<string, string>][]) {
    it(`names the hazard ${code}, with its remedy, and no other`, async () => {
      const topic = await topicWith(config)
      const hazards = (await log.inspectTarget(topic))!.hazards
      assert.deepEqual(
        hazards.map((hazard) => hazard.code),
        [code],
      )
      assert.ok(hazards[0]!.message.includes(topic) && hazards[0]!.remedy.includes('kafka-configs'))
    })
  }

  it('takes a target for empty until something is written, and again once that was deleted', async () => {
    const target = `target-${randomUUID()}`
    await log.createTarget(target, { partitions: 2, config: {}, maxRecordBytes: 1 })
    assert.equal((await log.inspectTarget(target))!.empty, true)
    await writeTo(target, numbered(0, 3))
    assert.equal((await log.inspectTarget(target))!.empty, false)
    const request = { version: 1, partitions: [{ topic: target, partition: 0, offset: -1 }] }
    await withFile(JSON.stringify(request), (file) =>
      kafka.javaTool('org.apache.kafka.tools.DeleteRecordsCommand', [
        ...['--bootstrap-server', kafka.brokers[0]!, '--offset-json-file', file],
      ]),
    )
    assert.equal((await log.inspectTarget(target))!.empty, true)
  })

  it('writes keys, values, headers and timestamps byte for byte', async () => {
    const target = `target-${randomUUID()}`
    await log.createTarget(target, { partitions: 1, config: {}, maxRecordBytes: 1 })
    const binary = Buffer.from([0, 255, 128, 10, 13, 0, 1])
    const text = (value: string): Buffer => Buffer.from(value)
    const records = [
      { key: binary, value: binary, timestampMs: 1 },
      { key: null, value: text(''), timestampMs: 1_700_000_000_123 },
      { key: text(''), value: null, timestampMs: 1_700_000_000_122 },
      {
        key: text('k'),
        value: text('v'),
        timestampMs: 253_402_300_799_999,
        headers: [
          { key: text('zeta'), value: text('1') },
          { key: text('alpha'), value: null },
          { key: text('zeta'), value: text('') },
          { key: text('grüße'), value: text('日本') },
          { key: text('zeta'), value: text('1') },
        ],
      },
    ]
    await writeTo(target, blockOfRecords(records))
    const seen = await readCommitted(kafka.brokers, target)
    assert.deepEqual(
      seen.map(({ key, value, timestampMs }) => ({ key, value, timestampMs })),
      records.map(({ key, value, timestampMs }) => ({ key, value, timestampMs })),
    )
    const printed = await kafka.javaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
      ...['--bootstrap-server', kafka.brokers[0]!, '--topic', target, '--partition', '0', '--offset', '3'],
      ...['--max-messages', '1', '--isolation-level', 'read_committed'],
      ...['--formatter-property', 'print.headers=true', '--formatter-property', 'null.literal=<null>'],
    ])
    assert.equal(printed.trim(), 'zeta:1,alpha:<null>,zeta:,grüße:日本,zeta:1\tv')
  })
})
