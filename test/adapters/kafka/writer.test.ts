import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import type { RecordBlock } from '../../../src/ports/record-block.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { independentClient, readCommitted, valuesOf } from './judge.ts'
import { blockOfRecords, numbered, numbers } from './records.ts'

const progressText = (progress: Uint8Array | null): string | null => progress && Buffer.from(progress).toString()

for (const version of [1, 2]) {
  describe(`the Kafka writer with transaction version ${version}`, () => {
    let kafka: KafkaServer
    let log: KafkaEventLog

    before(async () => {
      kafka = await startKafka({ features: { 'transaction.version': version } })
      log = await KafkaEventLog.connect({ brokers: kafka.brokers, clientId: 'writer-test' })
    })
    after(async () => {
      await log.close()
      await kafka.stop()
    })

    async function freshTarget(partitions = 1): Promise<{ target: string; replay: string }> {
      const target = `target-${randomUUID()}`
      await log.createTarget(target, { partitions, config: {}, maxRecordBytes: 1_000_000 })
      return { target, replay: `r-${randomUUID()}` }
    }

    it('makes records visible at the commit and not before', async () => {
      const { target, replay } = await freshTarget()
      const writer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      assert.equal(writer.progress, null)
      await writer.write(target, 0, numbered(0, 10))
      assert.deepEqual(await readCommitted(kafka.brokers, target), [])
      await writer.commit(Buffer.from('ten'))
      assert.deepEqual(valuesOf(await readCommitted(kafka.brokers, target), 0), numbers(0, 10))
      await writer.close()
    })

    it('keeps the order within each partition over many blocks and commits', async () => {
      const { target, replay } = await freshTarget(3)
      const writer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      for (let from = 0; from < 3000; from += 50) {
        const writes = [0, 1, 2].map((partition) => writer.write(target, partition, numbered(from, from + 50)))
        await Promise.all(writes)
        if (from % 250 === 0) await writer.commit(Buffer.from(String(from)))
      }
      await writer.commit(Buffer.from('end'))
      await writer.close()
      const records = await readCommitted(kafka.brokers, target)
      for (const partition of [0, 1, 2]) assert.deepEqual(valuesOf(records, partition), numbers(0, 3000))
    })

    it('drops what was aborted and goes on', async () => {
      const { target, replay } = await freshTarget()
      const writer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      await writer.write(target, 0, numbered(0, 5))
      await writer.commit(Buffer.from('5'))
      await writer.write(target, 0, numbered(100, 200))
      await writer.abort()
      await writer.write(target, 0, numbered(5, 8))
      await writer.commit(Buffer.from('8'))
      await writer.close()
      assert.deepEqual(valuesOf(await readCommitted(kafka.brokers, target), 0), numbers(0, 8))
    })

    it('gives a successor the progress of the last commit, also when there were many', async () => {
      const { target, replay } = await freshTarget()
      const writer = await log.openWriter({ replay, task: 3, tasks: 8, targets: [target] })
      for (let commit = 0; commit < 70; commit += 1) await writer.commit(Buffer.from(`progress ${commit}`))
      await writer.write(target, 0, numbered(0, 5))
      await writer.close()
      const successor = await log.openWriter({ replay, task: 3, tasks: 8, targets: [target] })
      assert.equal(progressText(successor.progress), 'progress 69')
      await successor.close()
      const neighbour = await log.openWriter({ replay, task: 4, tasks: 8, targets: [target] })
      assert.equal(neighbour.progress, null)
      await neighbour.close()
    })

    it('finds progress behind a long run of aborted units', async () => {
      const { target, replay } = await freshTarget()
      const writer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      await writer.commit(Buffer.from('the only one'))
      await writer.close()
      const producer = independentClient(kafka.brokers).producer({
        transactionalId: `x-${replay}`,
        maxInFlightRequests: 1,
        idempotent: true,
      })
      await producer.connect()
      const messages = Array.from({ length: 150 }, () => ({ key: 'x', value: 'never committed', partition: 0 }))
      const transaction = await producer.transaction()
      await transaction.send({ topic: `coldstream-progress-${replay}`, messages })
      await transaction.abort()
      await producer.disconnect()
      const successor = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      assert.equal(progressText(successor.progress), 'the only one')
      await successor.close()
    })

    it('fences an older writer of the same id, and none of its uncommitted records appear', async () => {
      const { target, replay } = await freshTarget()
      const older = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      await older.write(target, 0, numbered(0, 4))
      await older.commit(Buffer.from('4'))
      await older.write(target, 0, numbered(4, 5000))
      const newer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      assert.equal(progressText(newer.progress), '4')
      await assert.rejects(older.commit(Buffer.from('zombie')), { name: 'FencedError', code: 'writer-fenced' })
      await assert.rejects(older.write(target, 0, numbered(0, 1)), { name: 'FencedError' })
      await newer.write(target, 0, numbered(4, 6))
      await newer.commit(Buffer.from('6'))
      await older.close()
      await newer.close()
      assert.deepEqual(valuesOf(await readCommitted(kafka.brokers, target), 0), numbers(0, 6))
    })

    it('fences an older writer that writes only after the newer one opened', async () => {
      const { target, replay } = await freshTarget()
      const older = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      const newer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      const zombie = async (): Promise<void> => {
        await older.write(target, 0, numbered(0, 5))
        await older.commit(Buffer.from('zombie'))
      }
      await assert.rejects(zombie(), { name: 'FencedError' })
      await older.close()
      await newer.close()
      assert.deepEqual(await readCommitted(kafka.brokers, target), [])
    })

    it('lets a fenced writer find that out without harm to the unit its successor has open', async () => {
      const { target, replay } = await freshTarget()
      const older = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      const newer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      await newer.write(target, 0, numbered(0, 5))
      while ((await log.inspectTarget(target))!.empty);
      await assert.rejects(older.commit(Buffer.from('zombie')), { name: 'FencedError' })
      await older.close()
      await newer.commit(Buffer.from('5'))
      await newer.close()
      assert.deepEqual(valuesOf(await readCommitted(kafka.brokers, target), 0), numbers(0, 5))
    })

    it('says which setting of the target a batch exceeds', async () => {
      const { target, replay } = await freshTarget()
      const writer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      const noise = Buffer.alloc(2_000_000)
      for (let at = 0; at < noise.length; at += 1) noise[at] = Math.random() * 256
      const tooLarge = async (): Promise<void> => {
        await writer.write(target, 0, blockOfRecords([{ value: noise }]))
        await writer.commit(Buffer.from('never'))
      }
      await assert.rejects(tooLarge(), { name: 'InvalidInputError', code: 'record-too-large', message: /1048588/ })
      await writer.close()
      assert.deepEqual(await readCommitted(kafka.brokers, target), [])
    })

    it('commits what it wrote into several topics as one unit, or none of it', async () => {
      const { target, replay } = await freshTarget(2)
      const { target: deadLetters } = await freshTarget()
      const older = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target, deadLetters] })
      await older.write(target, 1, numbered(0, 10))
      await older.write(deadLetters, 0, numbered(10, 12))
      await older.commit(Buffer.from('12'))
      await older.write(target, 0, numbered(12, 20))
      await older.write(deadLetters, 0, numbered(20, 22))
      const newer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [deadLetters, target] })
      assert.equal(progressText(newer.progress), '12')
      await newer.write(deadLetters, 0, numbered(22, 23))
      await newer.commit(Buffer.from('23'))
      await assert.rejects(older.commit(Buffer.from('22')), { name: 'FencedError' })
      await older.close()
      await newer.close()
      const records = await readCommitted(kafka.brokers, target)
      assert.deepEqual(valuesOf(records, 1), numbers(0, 10))
      assert.deepEqual(valuesOf(records, 0), [])
      assert.deepEqual(valuesOf(await readCommitted(kafka.brokers, deadLetters), 0), ['10', '11', '22'])
    })

    it('opens only when every topic is there', async () => {
      const { target, replay } = await freshTarget()
      const targets = [target, 'no-such-topic']
      await assert.rejects(log.openWriter({ replay, task: 0, tasks: 8, targets }), {
        code: 'topic-not-found',
        message: /no-such/,
      })
    })

    it('refuses a partition that the target does not have, and a topic that it was not opened for', async () => {
      const { target, replay } = await freshTarget()
      const { target: other } = await freshTarget()
      const writer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      await assert.rejects(writer.write(target, 1, numbered(0, 1)), { code: 'target-partition-missing' })
      await assert.rejects(writer.write(other, 0, numbered(0, 1)), { code: 'target-not-named' })
      await writer.close()
    })

    it('numbers offsets anew and keeps timestamps of blocks from a compacted or append-time topic', async () => {
      const { target, replay } = await freshTarget()
      const writer = await log.openWriter({ replay, task: 0, tasks: 8, targets: [target] })
      const whole = blockOfRecords([1, 2, 3].map((at) => ({ value: Buffer.from(`v${at}`), timestampMs: 1000 * at })))
      const withHole: RecordBlock = { ...whole, baseOffset: 70n, lastOffset: 99n }
      await writer.write(target, 0, withHole)
      await writer.write(target, 0, { ...whole, appendTimestampMs: 5_000_000n })
      await writer.commit(Buffer.from(''))
      await writer.close()
      const records = await readCommitted(kafka.brokers, target)
      assert.deepEqual(valuesOf(records, 0), ['v1', 'v2', 'v3', 'v1', 'v2', 'v3'])
      assert.deepEqual(
        records.map((record) => record.timestampMs),
        [1000, 2000, 3000, 5_000_000, 5_000_000, 5_000_000],
      )
    })
  })
}
