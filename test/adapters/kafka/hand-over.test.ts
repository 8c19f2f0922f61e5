import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { Listening } from './group/listening.ts'
import { independentClient, readCommitted, valuesOf } from './judge.ts'
import { numbered } from './records.ts'

for (const groupVersion of [0, 1]) {
  describe(`handing a group its offsets, group version ${groupVersion}`, () => {
    let kafka: KafkaServer
    let log: KafkaEventLog

    before(async () => {
      kafka = await startKafka({ features: { 'group.version': groupVersion } })
      log = await KafkaEventLog.connect({ brokers: kafka.brokers, clientId: 'hand-over-test' })
    })
    after(async () => {
      await log.close()
      await kafka.stop()
    })

    async function freshTopic(partitions = 1): Promise<{ topic: string; incarnationId: string }> {
      const topic = `topic-${randomUUID()}`
      await log.createTarget(topic, { partitions, config: {}, maxRecordBytes: 1 })
      const [told] = await log.describe([topic])
      return { topic, incarnationId: told!.incarnationId }
    }

    async function offsetsOf(group: string, topic: string): Promise<Record<number, string>> {
      const admin = independentClient(kafka.brokers).admin()
      await admin.connect()
      const [told] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
      await admin.disconnect()
      return Object.fromEntries(told!.partitions.map(({ partition, offset }) => [partition, offset]))
    }

    it('lets its next consumer go on exactly there', async () => {
      const { topic, incarnationId } = await freshTopic()
      for (const from of [0, 10, 20]) await log.append(topic, numbered(from, from + 10))
      const group = `model-${randomUUID()}`
      await log.commitGroupOffsets(group, [])
      await log.commitGroupOffsets(group, [{ topic, incarnationId, partition: 0, next: 17n }])
      const consumer = independentClient(kafka.brokers).consumer({ groupId: group })
      const first = Promise.withResolvers<string>()
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        eachMessage: ({ message }) => Promise.resolve(first.resolve(String(message.value))),
      })
      assert.equal(await first.promise, '17')
      await consumer.disconnect()
      // The group is there now, and empty again.
      await log.commitGroupOffsets(group, [{ topic, partition: 0, next: 3n }])
      assert.deepEqual(await offsetsOf(group, topic), { 0: '3' })
      assert.equal(valuesOf(await readCommitted(kafka.brokers, topic), 0).length, 30)
    })

    it('is refused while the group has members of a classic protocol, which are named', async () => {
      const { topic } = await freshTopic()
      const group = `busy-${randomUUID()}`
      const consumer = independentClient(kafka.brokers).consumer({ groupId: group })
      const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve))
      await consumer.connect()
      await consumer.subscribe({ topic })
      await consumer.run({ eachMessage: () => Promise.resolve() })
      await joined
      await assert.rejects(log.commitGroupOffsets(group, [{ topic, partition: 0, next: 1n }]), {
        name: 'ConflictError',
        code: 'group-active',
        message: /1 members: judge at/,
        remedy: /Stop its consumers/,
      })
      await consumer.disconnect()
      await log.commitGroupOffsets(group, [{ topic, partition: 0, next: 1n }])
    })

    it('is refused while the group has members of whatever protocol the broker offers', async () => {
      const { topic } = await freshTopic()
      const group = `busy-${randomUUID()}`
      const listener = new Listening()
      const member = await log.joinGroup({ group, topics: [topic], listener })
      await listener.hasCount(1)
      await member.acknowledge([{ topic, partition: 0, next: 5n }])
      await assert.rejects(log.commitGroupOffsets(group, [{ topic, partition: 0, next: 1n }]), {
        code: 'group-active',
        message: /hand-over-test at/,
      })
      // Also without a look before: the broker itself refuses it.
      await assert.rejects(log.acknowledge(group, [{ topic, partition: 0, next: 1n }]), { code: 'group-in-use' })
      assert.deepEqual(await offsetsOf(group, topic), { 0: '5' })
      await member.leave()
      await log.commitGroupOffsets(group, [{ topic, partition: 0, next: 1n }])
      assert.deepEqual(await offsetsOf(group, topic), { 0: '1' })
    })

    it('sets nothing when one position cannot be: another incarnation, a partition or topic that is not there', async () => {
      const { topic, incarnationId } = await freshTopic(2)
      const group = `model-${randomUUID()}`
      const good = { topic, incarnationId, partition: 0, next: 1n }
      const commit = (bad: Parameters<KafkaEventLog['commitGroupOffsets']>[1][number]): Promise<void> =>
        log.commitGroupOffsets(group, [good, bad])
      await assert.rejects(commit({ ...good, partition: 1, incarnationId: randomUUID() }), {
        name: 'ConflictError',
        code: 'topic-replaced',
      })
      await assert.rejects(commit({ ...good, partition: 2 }), { name: 'InvalidInputError', code: 'partition-missing' })
      await assert.rejects(commit({ topic: 'nowhere', partition: 0, next: 1n }), { code: 'topic-not-found' })
      assert.deepEqual(await offsetsOf(group, topic), { 0: '-1', 1: '-1' })
      await assert.rejects(log.commitGroupOffsets('', [good]), { code: 'group-name-invalid' })
    })

    it('is refused to a group that divides something else', async () => {
      const { topic } = await freshTopic()
      const group = `work-${randomUUID()}`
      const assigned = Promise.withResolvers<void>()
      const listener = { assigned: () => Promise.resolve(assigned.resolve()), failed: assigned.reject }
      const member = await log.joinWork({ group, slots: 1, sessionTimeoutMs: 6_000, listener })
      await assigned.promise
      await assert.rejects(log.commitGroupOffsets(group, [{ topic, partition: 0, next: 1n }]), { code: 'group-in-use' })
      await member.leave()
    })
  })
}
