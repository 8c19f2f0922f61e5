import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { Kafka } from 'kafkajs'
import type { Handover } from '../../../src/replay/handover/handover.ts'
import type { Handovers } from '../../../src/replay/handover/service.ts'
import { independentClient } from '../../adapters/kafka/judge.ts'
import { deleteRecordsBelow } from '../../kit/delete-records.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { archiveTopic, createOrders, sendOrders, type TestServices, testServices } from '../../kit/services.ts'

const codeOf = (code: string) => (error: unknown) => (error as { code?: string }).code === code

describe('a hand-over', () => {
  let kafka: KafkaServer
  let rig: TestServices
  let handovers: Handovers

  before(async () => {
    kafka = await startKafka()
    rig = await testServices({ brokers: kafka.brokers })
    handovers = await rig.services.handovers()
  })
  after(async () => {
    await rig?.close()
    await kafka?.stop()
  })

  it('gives the offset after what was replayed, and one more for each partition that came since', async () => {
    const { topic, id } = await replayed(20, {})
    await sendOrders(rig.brokers, topic, 20, 26)
    await admin((client) => client.createPartitions({ topicPartitions: [{ topic, count: 3 }] }))
    const handover = await eventuallyOf(id, ({ sources }) => sources[0]!.partitions.length === 3)
    assert.deepEqual(handover, {
      replay: id,
      sources: [
        {
          topic,
          incarnation: 1,
          partitions: [
            { partition: 0, offset: '10' },
            { partition: 1, offset: '10' },
            { partition: 2, offset: '0' },
          ],
        },
      ],
      // ten records and the marker of the transaction
      targets: [{ topic: id, partitions: [0, 1].map((partition) => ({ partition, endOffset: '11' })) }],
      warnings: [],
    })
  })

  it('puts a group where a consumer gets exactly what the replay did not emit', async () => {
    const { topic, id } = await replayed(20, {})
    await sendOrders(rig.brokers, topic, 20, 26)
    await handovers.commit(id, `after-${id}`)
    assert.deepEqual(await consume(`after-${id}`, topic, 6), [20, 21, 22, 23, 24, 25])
  })

  it('goes on below an end that was given in offsets', async () => {
    const { id } = await replayed(20, { offsets: { to: { 0: '4' } } })
    const { sources, warnings } = await handovers.of(id)
    assert.deepEqual(sources[0]!.partitions, [
      { partition: 0, offset: '4' },
      { partition: 1, offset: '10' },
    ])
    assert.deepEqual(warnings, [])
  })

  it('does not exist for an end in time, nor before the replay completed', async () => {
    const { id } = await replayed(20, { time: { to: '2025-01-14T09:10:00Z' } })
    await assert.rejects(handovers.of(id), codeOf('handover-not-possible'))
    await assert.rejects(handovers.commit(id, 'any'), codeOf('handover-not-possible'))
    await assert.rejects(handovers.of('never-was'), codeOf('replay-not-found'))
    const cancelled = await replayed(20, {}, { cancel: true })
    await assert.rejects(handovers.of(cancelled.id), codeOf('replay-not-completed'))
  })

  it('names the partitions that were left out, and commits only the others', async () => {
    const { topic, id } = await replayed(20, { partitions: [1] })
    const { sources, warnings } = await handovers.commit(id, `some-${id}`)
    assert.deepEqual(sources[0]!.partitions, [{ partition: 1, offset: '10' }])
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['partitions-left-out'],
    )
    assert.deepEqual(await committed(`some-${id}`, topic), [-1, 10])
  })

  it('is refused to a group with members, and leaves what it had committed', async (t) => {
    const { topic, id } = await replayed(20, {})
    const group = `busy-${id}`
    const consumer = independentClient(rig.brokers).consumer({ groupId: group })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    t.after(() => consumer.disconnect())
    const joined = Promise.withResolvers<void>()
    consumer.on(consumer.events.GROUP_JOIN, () => joined.resolve())
    await consumer.run({ autoCommit: false, eachMessage: async () => undefined })
    await joined.promise
    await consumer.commitOffsets([{ topic, partition: 0, offset: '3' }])
    await assert.rejects(handovers.commit(id, group), codeOf('group-active'))
    assert.deepEqual(await committed(group, topic), [3, -1])
    await consumer.disconnect()
    await handovers.commit(id, group)
    assert.deepEqual(await committed(group, topic), [10, 10])
  })

  it('is refused when the broker has deleted what comes after the replay', async () => {
    const { topic, id } = await replayed(20, {})
    await sendOrders(rig.brokers, topic, 20, 26)
    await deleteRecordsBelow(kafka, topic, 10, 1)
    assert.deepEqual((await handovers.of(id)).warnings, [])
    await deleteRecordsBelow(kafka, topic, 12, 0)
    const { warnings } = await handovers.of(id)
    assert.deepEqual(
      warnings.map(({ severity, code }) => [severity, code]),
      [['error', 'offset-gone']],
    )
    assert.match(warnings[0]!.message, /partition 0 offset 10/)
    await assert.rejects(handovers.commit(id, `late-${id}`), codeOf('handover-refused'))
    assert.deepEqual(await committed(`late-${id}`, topic), [-1, -1])
  })

  it('is refused when the source is another topic by now, or none', async () => {
    const { topic, id } = await replayed(20, {})
    await admin((client) => client.deleteTopics({ topics: [topic] }))
    const gone = await eventuallyOf(id, ({ warnings }) => warnings.length > 0)
    assert.equal(gone.warnings[0]!.code, 'source-gone')
    await admin((client) => client.createTopics({ topics: [{ topic, numPartitions: 2 }] }))
    const again = await eventuallyOf(id, ({ warnings }) => warnings[0]?.code === 'source-recreated')
    assert.deepEqual(
      again.sources[0]!.partitions.map(({ offset }) => offset),
      ['10', '10'],
    )
    await assert.rejects(handovers.commit(id, `none-${id}`), codeOf('handover-refused'))
  })

  it('tells when the target is gone', async () => {
    const { id } = await replayed(20, {})
    await admin((client) => client.deleteTopics({ topics: [id] }))
    const { targets, warnings } = await eventuallyOf(id, ({ warnings: found }) => found.length > 0)
    assert.deepEqual(targets, [{ topic: id, partitions: [] }])
    assert.equal(warnings[0]!.code, 'target-gone')
  })

  /** Orders over two partitions, archived and replayed into a topic that is named as the replay. */
  async function replayed(
    count: number,
    selection: object,
    { cancel = false } = {},
  ): Promise<{ topic: string; id: string }> {
    const topic = await createOrders(rig.brokers, count)
    await archiveTopic(rig.services, topic)
    const id = `replay-${randomUUID().slice(0, 8)}`
    const replays = await rig.services.replays()
    await replays.create({ id, source: { topic, ...selection }, target: { topic: id } })
    const finished = replays.finished(id).catch((error: Error) => error)
    if (cancel) await replays.cancel(id)
    await finished
    return { topic, id }
  }

  async function eventuallyOf(id: string, isSo: (handover: Handover) => boolean): Promise<Handover> {
    for (;;) {
      const handover = await handovers.of(id)
      if (isSo(handover)) return handover
    }
  }

  async function admin<Result>(work: (client: ReturnType<Kafka['admin']>) => Promise<Result>): Promise<Result> {
    const client = independentClient(rig.brokers).admin()
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.disconnect()
    }
  }

  /** Committed offsets of a group by partition; -1: none. */
  async function committed(groupId: string, topic: string): Promise<number[]> {
    const [answer] = await admin((client) => client.fetchOffsets({ groupId, topics: [topic] }))
    return answer!.partitions.sort((a, b) => a.partition - b.partition).map(({ offset }) => Number(offset))
  }

  /** The numbers of the first so many orders that the group gets, ascending. */
  async function consume(groupId: string, topic: string, count: number): Promise<number[]> {
    const consumer = independentClient(rig.brokers).consumer({ groupId })
    const orders: number[] = []
    const done = Promise.withResolvers<void>()
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      eachMessage: async ({ message }) => {
        orders.push(JSON.parse(String(message.value)).seq)
        if (orders.length >= count) done.resolve()
      },
    })
    await done.promise
    await consumer.disconnect()
    return orders.sort((a, b) => a - b)
  }
})
