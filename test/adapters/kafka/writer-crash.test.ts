import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { KafkaCluster } from '../../../src/adapters/kafka/cluster.ts'
import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import { KafkaWriter } from '../../../src/adapters/kafka/writer.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { readCommitted, valuesOf } from './judge.ts'
import { numbered, numbers } from './records.ts'

const rounds = 8
const partitions = 4
const total = 200_000
const script = fileURLToPath(new URL('crashing-writer.ts', import.meta.url))

describe('the Kafka writer under crashes', () => {
  let kafka: KafkaServer
  let log: KafkaEventLog

  before(async () => {
    kafka = await startKafka({ config: { 'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500' } })
    log = await KafkaEventLog.connect({ brokers: kafka.brokers, clientId: 'crash-test' })
  })
  after(async () => {
    await log.close()
    await kafka.stop()
  })

  async function freshTarget(count: number): Promise<string> {
    const target = `target-${randomUUID()}`
    await log.createTarget(target, { partitions: count, config: {}, maxRecordBytes: 1_000_000 })
    return target
  }

  it('emits every record once and in order, though it is killed again and again', async () => {
    const target = await freshTarget(partitions)
    const args = [script, kafka.brokers[0]!, `r-${randomUUID()}`, target, String(total), String(partitions)]
    let killed = 0
    for (let round = 0; round < rounds; round += 1) {
      const writer = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(writer.stdout, 'data')
      await sleep(Math.random() * 150)
      writer.kill('SIGKILL')
      await ended(writer)
      if (writer.signalCode === 'SIGKILL') killed += 1
    }
    assert.ok(killed > 0, 'no writer was killed in the middle of its work')
    const last = spawn(process.execPath, args, { stdio: 'inherit' })
    await ended(last)
    assert.equal(last.exitCode, 0)

    const records = await readCommitted(kafka.brokers, target)
    assert.equal(records.length, total)
    for (let partition = 0; partition < partitions; partition += 1) {
      const expected = numbers(0, total).filter((_, index) => Math.floor(index / 200) % partitions === partition)
      assert.deepEqual(valuesOf(records, partition), expected)
    }
  })

  it('goes on when the broker is killed in the middle of a unit', async () => {
    const target = await freshTarget(2)
    const writer = await log.openWriter({ replay: `r-${randomUUID()}`, task: 0, tasks: 8, targets: [target] })
    for (let from = 0; from < 10_000; from += 500) {
      await writer.write(target, 0, numbered(from, from + 500))
      await writer.write(target, 1, numbered(from, from + 500))
      if (from === 4000) await writer.commit(Buffer.from('early'))
      if (from === 6000) {
        await kafka.kill()
        await kafka.restart()
      }
    }
    await writer.commit(Buffer.from('done'))
    await writer.close()
    const records = await readCommitted(kafka.brokers, target)
    for (const partition of [0, 1]) assert.deepEqual(valuesOf(records, partition), numbers(0, 10_000))
  })

  it('is not taken for a rival of itself when the broker ends a unit that lasted too long', async () => {
    const target = await freshTarget(1)
    const cluster = new KafkaCluster({ brokers: kafka.brokers, clientId: 'slow' })
    const id = { replay: `r-${randomUUID()}`, task: 0, tasks: 8, targets: [target] }
    const open = (): Promise<KafkaWriter> =>
      KafkaWriter.open(cluster, id, { codec: 'none', transactionTimeoutMs: 1000 })
    const slow = await open()
    await slow.write(target, 0, numbered(0, 10))
    await abortedBy(kafka, target)
    await assert.rejects(slow.commit(Buffer.from('late')), { code: 'transaction-aborted' })
    await slow.close()
    const next = await open()
    assert.equal(next.progress, null)
    await next.close()
    await cluster.close()
  })
})

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Resolves when the broker has given up the one open transaction on the topic. */
async function abortedBy(kafka: KafkaServer, topic: string): Promise<void> {
  for (;;) {
    const bounds = await kafka.javaTool('org.apache.kafka.tools.GetOffsetShell', [
      ...['--bootstrap-server', kafka.brokers[0]!, '--topic', topic],
    ])
    // Ten records and the marker of the abort.
    if (bounds.trim() === `${topic}:0:11`) return
  }
}
