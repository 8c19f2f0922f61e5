import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConflictError } from '../../src/errors.ts'
import { independentClient } from '../adapters/kafka/judge.ts'
import { archiveCommit, sourceRecord } from './archive.ts'
import { archiveTopic, assertEmitted, freshName, type Stage, setStage } from './kit.ts'

const conflict = (code: string) => (error: unknown) => error instanceof ConflictError && error.code === code

/** A replay of two segments, of which the second is not there: it stops after some records are committed. */
async function stopHalfway(stage: Stage): Promise<{ request: object & { id: string }; target: string; topic: string }> {
  const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
  await archiveTopic(stage.store, topic, { partitions: 1, records: 2_000, perCommit: 1_000 })
  const objects = await Array.fromAsync(stage.store.list(`topics/${topic}/`))
  await stage.store.delete(objects.at(-1)!.path)
  const request = { id, source: { topic }, target: { topic: target } }
  await stage.service.create(request)
  await assert.rejects(stage.service.finished(id), /is not in the store/)
  assert.ok(((await stage.service.get(id)).progress?.rows ?? 0) > 0)
  return { request, target, topic }
}

describe('what a replay is continued with', () => {
  it('is the very target it began with, not a namesake created after that was deleted', async (t) => {
    const stage = await setStage(t)
    const { request, target } = await stopHalfway(stage)
    const admin = independentClient(stage.brokers).admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [target] })
    await admin.disconnect()
    await assert.rejects(async () => {
      await stage.service.create(request)
      await stage.service.finished(request.id)
    }, conflict('target-replaced'))
    await stage.eventLog.createTarget(target, { partitions: 1, config: {}, maxRecordBytes: 1_000_000 })
    await assert.rejects(async () => {
      await stage.service.create(request)
      await stage.service.finished(request.id)
    }, conflict('target-replaced'))
  })

  it('is not what another archive emitted under the same id', async (t) => {
    const first = await setStage(t)
    const { request } = await stopHalfway(first)
    const second = await setStage(t)
    const topic = freshName('payments')
    await archiveTopic(second.store, topic, { partitions: 1, records: 100 })
    await second.service.create({ id: request.id, source: { topic }, target: { topic: freshName('replayed') } })
    await assert.rejects(second.service.finished(request.id), conflict('replay-id-taken'))
  })

  it('is the plan it was created with, whatever was archived since', async (t) => {
    const stage = await setStage(t)
    const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
    const source = await archiveTopic(stage.store, topic, { partitions: 1, records: 500 })
    const request = { id, source: { topic }, target: { topic: target } }
    await stage.service.create(request)
    await stage.service.cancel(id)
    const later = [sourceRecord(0, 500n, Date.UTC(2025, 0, 14, 12))]
    await archiveCommit(stage.store, { topic, partition: 0, from: 500n, next: 501n, records: later })
    await stage.service.create(request)
    await stage.service.finished(id)
    await assertEmitted(stage, target, source)
  })
})
