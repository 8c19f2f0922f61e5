import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { KafkaCluster } from '../../../src/adapters/kafka/cluster.ts'
import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import { KafkaWriter } from '../../../src/adapters/kafka/writer.ts'
import type { RecordBlock } from '../../../src/ports/record-block.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { independentClient, readCommitted, valuesOf } from './judge.ts'
import { blockOfRecords, numbered, numbers } from './records.ts'

const kafkaTopicResource = 2

for (const version of [1, 2]) {
  describe(`the Kafka writer in trouble, transaction version ${version}`, () => {
    let kafka: KafkaServer
    let log: KafkaEventLog
    let admin: ReturnType<ReturnType<typeof independentClient>['admin']>

    before(async () => {
      kafka = await startKafka({
        features: { 'transaction.version': version },
        config: {
          'transaction.max.timeout.ms': '60000',
          'transaction.abort.timed.out.transaction.cleanup.interval.ms': '200',
          'transactional.id.expiration.ms': '2000',
          'transaction.remove.expired.transaction.cleanup.interval.ms': '200',
        },
      })
      log = await KafkaEventLog.connect({ brokers: kafka.brokers, clientId: 'trouble-test' })
      admin = independentClient(kafka.brokers).admin()
      await admin.connect()
    })
    after(async () => {
      await admin.disconnect()
      await log.close()
      await kafka.stop()
    })

    async function freshTarget(): Promise<{ target: string; replay: string }> {
      const target = `target-${randomUUID()}`
      await log.createTarget(target, { partitions: 1, config: {}, maxRecordBytes: 4_000_000 })
      return { target, replay: `r-${randomUUID()}` }
    }

    /** One record that does not compress. */
    function noise(bytes: number): RecordBlock {
      const value = Buffer.alloc(bytes)
      for (let at = 0; at < bytes; at += 1) value[at] = Math.random() * 256
      return blockOfRecords([{ value }])
    }

    it('says which limit was lowered under it, and a successor writes what fits', async () => {
      const { target, replay } = await freshTarget()
      const writer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      await writer.write(target, 0, noise(100_000))
      await writer.commit(Buffer.from('1'))
      await admin.alterConfigs({
        validateOnly: false,
        resources: [
          {
            type: kafkaTopicResource,
            name: target,
            configEntries: [
              { name: 'max.message.bytes', value: '50000' },
              { name: 'retention.ms', value: '-1' },
            ],
          },
        ],
      })
      const writeOn = async (): Promise<void> => {
        // A broker takes in its new configuration after it has answered.
        for (;;) {
          await writer.write(target, 0, noise(100_000))
          await writer.commit(Buffer.from('2'))
        }
      }
      await assert.rejects(writeOn(), {
        name: 'InvalidInputError',
        code: 'record-too-large',
        message: /max.message.bytes is 50000/,
        remedy: /kafka-configs/,
      })
      await writer.close()
      assert.equal((await log.inspectTarget(target))?.maxRecordBytes, 50_000)
      const successor = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      await successor.write(target, 0, noise(40_000))
      await successor.commit(Buffer.from('3'))
      await successor.close()
      assert.equal((await readCommitted(kafka.brokers, target)).at(-1)?.value?.length, 40_000)
    })

    it('says that its target was deleted, and closes', async () => {
      const { target, replay } = await freshTarget()
      const writer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      await writer.write(target, 0, numbered(0, 10))
      await writer.commit(Buffer.from('10'))
      await writer.write(target, 0, numbered(10, 20))
      await admin.deleteTopics({ topics: [target] })
      const writeOn = async (): Promise<void> => {
        await writer.write(target, 0, numbered(20, 30))
        await writer.commit(Buffer.from('30'))
      }
      await assert.rejects(writeOn(), { name: 'ConflictError', code: 'target-deleted', message: new RegExp(target) })
      await writer.close()
      await assert.rejects(log.openWriter({ replay, task: 0, tasks: 8, targets: [target] }), {
        code: 'topic-not-found',
      })
    })

    it('commits nothing into a namesake that took the place of its target', async () => {
      const { target, replay } = await freshTarget()
      const writer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      await writer.write(target, 0, numbered(0, 10))
      await writer.commit(Buffer.from('10'))
      await admin.deleteTopics({ topics: [target] })
      await log.createTarget(target, { partitions: 1, config: {}, maxRecordBytes: 1 })
      const writeOn = async (): Promise<void> => {
        await writer.write(target, 0, numbered(10, 20))
        await writer.commit(Buffer.from('20'))
      }
      await assert.rejects(writeOn(), { name: 'ConflictError', code: 'target-deleted' })
      await writer.close()
      assert.deepEqual(await readCommitted(kafka.brokers, target), [])
      const progress = await log.readProgress({ replay, task: 0, tasks: 8 })
      assert.equal(Buffer.from(progress!).toString(), '10')
    })

    it('is not fenced when the coordinator forgot it, and a successor goes on from its progress', async () => {
      const { target, replay } = await freshTarget()
      const writer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      await writer.write(target, 0, numbered(0, 10))
      await writer.commit(Buffer.from('10'))
      const { transactionalIds } = await forgotten(replay)
      assert.deepEqual(transactionalIds, [])
      const writeOn = async (): Promise<void> => {
        await writer.write(target, 0, numbered(10, 20))
        await writer.commit(Buffer.from('20'))
      }
      await assert.rejects(writeOn(), { name: 'UnavailableError', code: 'transaction-aborted' })
      await writer.close()
      const successor = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      assert.equal(Buffer.from(successor.progress!).toString(), '10')
      await successor.write(target, 0, numbered(10, 20))
      await successor.commit(Buffer.from('20'))
      await successor.close()
      assert.deepEqual(valuesOf(await readCommitted(kafka.brokers, target), 0), numbers(0, 20))
    })

    /** Resolves when the coordinator does not know the writer's id any more. */
    async function forgotten(replay: string): Promise<{ transactionalIds: string[] }> {
      for (;;) {
        const listed = await kafka.javaTool('org.apache.kafka.tools.TransactionsCommand', [
          ...['--bootstrap-server', kafka.brokers[0]!, 'list'],
        ])
        const transactionalIds = listed.split('\n').filter((line) => line.includes(replay))
        if (transactionalIds.length === 0) return { transactionalIds }
      }
    }

    it('says that a unit lasted too long also when it only writes on', async () => {
      const { target, replay } = await freshTarget()
      const cluster = new KafkaCluster({ brokers: kafka.brokers, clientId: 'slow' })
      const id = { replay, task: 0, tasks: 8, targets: [target] }
      const slow = await KafkaWriter.open(cluster, id, { codec: 'none', transactionTimeoutMs: 500 })
      const writeOn = async (): Promise<void> => {
        for (;;) await slow.write(target, 0, numbered(0, 10))
      }
      await assert.rejects(writeOn(), { name: 'UnavailableError', code: 'transaction-aborted' })
      await slow.close()
      await cluster.close()
      assert.deepEqual(await readCommitted(kafka.brokers, target), [])
    })

    it('says that the broker allows no units that last so long', async () => {
      const { target, replay } = await freshTarget()
      const cluster = new KafkaCluster({ brokers: kafka.brokers, clientId: 'long' })
      const options = { codec: 'none', transactionTimeoutMs: 60_001 } as const
      await assert.rejects(KafkaWriter.open(cluster, { replay, task: 0, tasks: 8, targets: [target] }, options), {
        name: 'InvalidInputError',
        code: 'transaction-timeout-refused',
        remedy: /60001/,
      })
      await cluster.close()
    })

    it('says in the words of the broker why a record is none for the topic', async () => {
      const compacted = `compacted-${randomUUID()}`
      await log.createTarget(compacted, {
        partitions: 1,
        config: { 'cleanup.policy': 'compact' },
        maxRecordBytes: 1,
      })
      const writer = await log.openWriter({ replay: `r-${randomUUID()}`, task: 0, tasks: 8, targets: [compacted] })
      const withoutKey = async (): Promise<void> => {
        await writer.write(compacted, 0, numbered(0, 1))
        await writer.commit(Buffer.from('1'))
      }
      await assert.rejects(withoutKey(), { name: 'InvalidInputError', code: 'record-refused', message: /key/ })
      await writer.close()
    })
  })
}
