import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { KafkaEventLog } from '../../../src/adapters/kafka/index.ts'
import type { EventWriter, ShareId } from '../../../src/ports/event-log.ts'
import { type KafkaServer, startKafka } from '../../kit/kafka.ts'
import { independentClient } from './judge.ts'
import { numbered } from './records.ts'

describe('the progress of a share, read from outside', () => {
  let kafka: KafkaServer
  let log: KafkaEventLog
  let target: string

  before(async () => {
    kafka = await startKafka()
    log = await KafkaEventLog.connect({ brokers: kafka.brokers, clientId: 'progress-test' })
    target = `target-${randomUUID()}`
    await log.createTarget(target, { partitions: 1, config: {}, maxRecordBytes: 1 })
  })
  after(async () => {
    await log.close()
    await kafka.stop()
  })

  const freshShare = (): ShareId => ({ replay: `r-${randomUUID()}`, task: 0, tasks: 8 })
  const open = (share: ShareId): Promise<EventWriter> => log.openWriter({ ...share, targets: [target] })
  const progressOf = async (share: ShareId): Promise<string | null> => {
    const progress = await log.readProgress(share)
    return progress && Buffer.from(progress).toString()
  }

  async function topicsOfBroker(): Promise<string[]> {
    const admin = independentClient(kafka.brokers).admin()
    await admin.connect()
    const topics = await admin.listTopics()
    await admin.disconnect()
    return topics
  }

  it('is null before there is any, and asking leaves nothing behind', async () => {
    const share = freshShare()
    assert.equal(await progressOf(share), null)
    assert.ok(!(await topicsOfBroker()).some((topic) => topic.includes(share.replay)))
    const writer = await open(share)
    assert.equal(await progressOf(share), null)
    await writer.close()
  })

  it('follows each commit, and neither fences the writer nor waits for what it has open', async () => {
    const share = freshShare()
    const writer = await open(share)
    for (let commit = 0; commit < 5; commit += 1) {
      await writer.write(target, 0, numbered(0, 100))
      await writer.commit(Buffer.from(`commit ${commit}`))
      await writer.write(target, 0, numbered(0, 100))
      // An answered commit may become visible a moment later.
      while ((await progressOf(share)) !== `commit ${commit}`);
    }
    await writer.commit(Buffer.from('last'))
    await writer.close()
    assert.equal(await progressOf(share), 'last')
    assert.equal(await progressOf({ ...share, task: 1 }), null)
  })

  it('is found below another’s open transaction, and behind a long run of aborted records', async () => {
    const share = freshShare()
    const writer = await open(share)
    await writer.commit(Buffer.from('the only one'))
    await writer.close()
    const producer = independentClient(kafka.brokers).producer({
      transactionalId: `x-${share.replay}`,
      maxInFlightRequests: 1,
      idempotent: true,
    })
    await producer.connect()
    const topic = `coldstream-progress-${share.replay}`
    const transaction = await producer.transaction()
    // One batch each.
    for (let sent = 0; sent < 150; sent += 1)
      await transaction.send({ topic, messages: [{ key: 'x', value: 'never', partition: 0 }] })
    assert.equal(await progressOf(share), 'the only one')
    await transaction.abort()
    assert.equal(await progressOf(share), 'the only one')
    await producer.disconnect()
  })

  it('is there after the broker was restarted', async () => {
    const share = freshShare()
    const writer = await open(share)
    await writer.commit(Buffer.from('kept'))
    await writer.close()
    await kafka.restart()
    assert.equal(await progressOf(share), 'kept')
  })

  it('is gone once it was forgotten, which is no error a second time, and a writer begins anew', async () => {
    const share = freshShare()
    const writer = await open(share)
    await writer.commit(Buffer.from('old'))
    await writer.close()
    await log.forgetProgress(share.replay)
    await log.forgetProgress(share.replay)
    assert.equal(await progressOf(share), null)
    assert.ok(!(await topicsOfBroker()).some((topic) => topic.includes(share.replay)))
    const another = await open(share)
    assert.equal(another.progress, null)
    await another.close()
  })

  it('refuses names that no share has', async () => {
    await assert.rejects(log.readProgress({ replay: 'a/b', task: 0, tasks: 8 }), { code: 'writer-id-invalid' })
    await assert.rejects(log.readProgress({ replay: 'a', task: -1, tasks: 8 }), { code: 'writer-id-invalid' })
    await assert.rejects(log.readProgress({ replay: 'a', task: 8, tasks: 8 }), { code: 'writer-id-invalid' })
    await assert.rejects(log.forgetProgress('a/b'), { code: 'topic-name-invalid' })
  })

  it('has its place before the first writer opens, when that is asked for', async () => {
    const share = freshShare()
    await log.prepareWriting(share.replay, share.tasks)
    await log.prepareWriting(share.replay, share.tasks)
    assert.ok((await topicsOfBroker()).some((topic) => topic.includes(share.replay)))
    assert.equal(await progressOf(share), null)
    await (await open({ ...share, task: 7 })).close()
  })

  it('is not mixed with that of another division of the same replay', async () => {
    const share = freshShare()
    await (await open(share)).close()
    await assert.rejects(open({ ...share, tasks: 4 }), {
      code: 'progress-topic-unfit',
      message: /8 partitions.* 4 shares/,
    })
  })
})
