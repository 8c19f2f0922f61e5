import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { KafkaCluster } from '../../../src/adapters/kafka/cluster.ts'
import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { readCommitted, valuesOf } from './judge.ts'
import { numbered, numbers } from './records.ts'
import { withFile } from './with-file.ts'

const partitions = 6

describe('the Kafka writer on two brokers', () => {
  let first: KafkaServer
  let second: KafkaServer
  let log: KafkaEventLog
  let cluster: KafkaCluster

  before(async () => {
    first = await startKafka()
    second = await startKafka({ joins: first })
    log = await KafkaEventLog.connect({ brokers: first.brokers, clientId: 'two-brokers' })
    cluster = new KafkaCluster({ brokers: first.brokers, clientId: 'two-brokers' })
  })
  after(async () => {
    await log.close()
    await cluster.close()
    await second.stop()
    await first.stop()
  })

  async function leaders(topic: string): Promise<number[]> {
    const [told] = await cluster.refresh([topic])
    return told!.partitions.map((partition) => partition.leader)
  }

  /** Moves every partition of a topic to the other broker, with its records. */
  async function swapLeaders(topic: string): Promise<void> {
    const before = await leaders(topic)
    const moves = before.map((leader, partition) => ({ topic, partition, replicas: [3 - leader] }))
    await withFile(JSON.stringify({ version: 1, partitions: moves }), (file) =>
      first.javaTool('org.apache.kafka.tools.reassign.ReassignPartitionsCommand', [
        ...['--bootstrap-server', first.brokers[0]!, '--reassignment-json-file', file, '--execute'],
      ]),
    )
    const wanted = before.map((leader) => 3 - leader).join()
    while ((await leaders(topic)).join() !== wanted);
  }

  it('writes to all leaders in one transaction and follows them when they move', async () => {
    const target = `target-${randomUUID()}`
    await log.createTarget(target, { partitions, config: {}, maxRecordBytes: 1 })
    assert.equal(new Set(await leaders(target)).size, 2)
    const writer = await log.openWriter({ replay: `r-${randomUUID()}`, task: 0, tasks: 8, targets: [target] })
    const writeAll = async (from: number, to: number): Promise<void> => {
      for (let next = from; next < to; next += 100) {
        for (let partition = 0; partition < partitions; partition += 1) {
          await writer.write(target, partition, numbered(next, next + 100))
        }
      }
    }
    await writeAll(0, 1000)
    await writer.commit(Buffer.from('1000'))
    await writeAll(1000, 2000)
    await swapLeaders(target)
    await writeAll(2000, 3000)
    await writer.commit(Buffer.from('3000'))
    await writer.close()
    const records = await readCommitted(first.brokers, target)
    for (let partition = 0; partition < partitions; partition += 1) {
      assert.deepEqual(valuesOf(records, partition), numbers(0, 3000))
    }
    const [identity] = await log.describe([target])
    const bounds = await log.bounds(
      identity!,
      numbers(0, partitions).map((partition) => Number(partition)),
    )
    // 3,000 records and the markers of two commits.
    assert.deepEqual(
      bounds.map((bound) => bound.end),
      Array.from({ length: partitions }, () => 3002n),
    )
  })

  it('goes on when the coordinator of its transactions moves, within a unit and at its commit', async () => {
    const target = `target-${randomUUID()}`
    await log.createTarget(target, { partitions: 1, config: {}, maxRecordBytes: 1 })
    const writer = await log.openWriter({ replay: `r-${randomUUID()}`, task: 0, tasks: 8, targets: [target] })
    for (let next = 0; next < 3000; next += 1000) {
      await writer.write(target, 0, numbered(next, next + 500))
      await swapLeaders('__transaction_state')
      await writer.write(target, 0, numbered(next + 500, next + 1000))
      await writer.commit(Buffer.from(String(next)))
    }
    await writer.close()
    assert.deepEqual(valuesOf(await readCommitted(first.brokers, target), 0), numbers(0, 3000))
  })

  it('reaches the cluster by any of its brokers', async () => {
    const other = await KafkaEventLog.connect({ brokers: second.brokers, clientId: 'by-the-second' })
    assert.equal(await other.inspectTarget('nowhere'), null)
    await other.close()
  })
})
