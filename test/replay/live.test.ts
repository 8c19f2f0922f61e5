import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { independentClient, readCommitted } from '../adapters/kafka/judge.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { archiveTopic, createOrders, type TestServices, testServices } from '../kit/services.ts'
import { freshName } from './kit.ts'

const codeOf = (code: string) => (error: unknown) => (error as { code?: string }).code === code

describe('a replay that goes on live', () => {
  let parts: TestServices
  before(async () => {
    parts = await testServices({ brokers: await sharedKafka() })
  })
  after(() => parts.close())

  /** Records that come after the archive's end; some of a transaction that is aborted. */
  async function produceMore(topic: string, count: number): Promise<void> {
    const producer = independentClient(parts.brokers).producer({
      transactionalId: `live-${topic}`,
      idempotent: true,
      maxInFlightRequests: 1,
    })
    await producer.connect()
    for (const isCommitted of [true, false, true]) {
      const transaction = await producer.transaction()
      const messages = Array.from({ length: count }, (_, index) => ({
        ...{ key: `late-${index}`, value: `${isCommitted ? 'kept' : 'aborted'} ${index}` },
        partition: index % 2,
        headers: { trace: `t${index % 3}` },
      }))
      await transaction.send({ topic, messages })
      await (isCommitted ? transaction.commit() : transaction.abort())
    }
    await producer.disconnect()
  }

  it('emits what is archived and then what the broker has beyond it, in the order of each partition', async () => {
    const { services, brokers } = parts
    const topic = await createOrders(brokers, 400)
    await archiveTopic(services, topic)
    await produceMore(topic, 50)
    const replays = await services.replays()
    const target = freshName('replayed')
    const { id } = await replays.create({ source: { topic, to: 'live' }, target: { topic: target } })
    await produceMore(topic, 5)
    const status = await replays.finished(id)
    assert.equal(status.state, 'completed')
    const [source, seen] = [await readCommitted(brokers, topic), await readCommitted(brokers, target)]
    for (const partition of [0, 1]) {
      const of = (records: typeof seen) =>
        records.filter((record) => record.partition === partition).map(({ value, key }) => `${key} ${value}`)
      const emitted = of(seen)
      assert.deepEqual(emitted, of(source).slice(0, emitted.length))
    }
    // what came after its creation may not be in it, what was there before it is
    assert.ok(seen.length >= 500 && seen.length <= source.length, `${seen.length} of ${source.length}`)
    const { handovers } = services
    const [first] = (await (await handovers()).of(id)).sources
    assert.deepEqual(
      first?.partitions.map(({ offset }) => offset),
      status.progress?.partitions.map(({ until }) => until),
      'live consumption goes on where it ended',
    )
  })

  it('keeps to its conditions behind the archive too', async () => {
    const { services, brokers } = parts
    const topic = await createOrders(brokers, 20)
    await archiveTopic(services, topic)
    await produceMore(topic, 30)
    const replays = await services.replays()
    const target = freshName('replayed')
    const source = { topic, to: 'live', keys: { prefix: ['late-'] }, headers: [{ key: 'trace', value: 't1' }] }
    const { id } = await replays.create({ source, target: { topic: target } })
    await replays.finished(id)
    const seen = await readCommitted(brokers, target)
    assert.equal(seen.length, 20)
    assert.ok(seen.every(({ value }) => String(value).startsWith('kept')))
  })

  it('is refused when the topic at the broker is another one, or is gone', async () => {
    const { services, brokers } = parts
    const topic = await createOrders(brokers, 20)
    await archiveTopic(services, topic)
    const admin = independentClient(brokers).admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [topic] })
    await admin.disconnect()
    const replays = await services.replays()
    const request = { source: { topic, to: 'live' }, target: { topic: freshName('replayed') } }
    const { findings } = await replays.dryRun(request)
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['live-topic-differs'],
    )
    await assert.rejects(replays.create({ ...request, accept: ['live-topic-differs'] }), codeOf('replay-refused'))
  })
})
