import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NumberedLog } from '../../src/catalog/numbered-log.ts'
import { archiveTopic, freshName, setStage } from './kit.ts'

describe('a replay whose state cannot be read any more', () => {
  it('stands still: nothing goes on that nobody steers', async (t) => {
    const stage = await setStage(t)
    const [topic, target, id] = [freshName('orders'), freshName('replayed'), freshName('r')]
    await archiveTopic(stage.store, topic, { partitions: 2, records: 5_000 })
    const source = { topic }
    await stage.service.create({ id, source, target: { topic: target }, rate: { recordsPerSecond: 500 } })
    const written = async (): Promise<bigint[]> => {
      const [identity] = await stage.eventLog.describe([target])
      return (await stage.eventLog.bounds(identity!, [0, 1])).map(({ end }) => end)
    }
    const begun = Promise.withResolvers<void>()
    const unsubscribe = stage.service.subscribe(id, ({ progress }) => {
      if ((progress?.rows ?? 0) > 0) begun.resolve()
    })
    await begun.promise
    unsubscribe()
    const states = new NumberedLog(stage.store, `replays/${id}/state/`)
    assert.equal(await states.append(await states.count(), Buffer.from('{')), 'appended')
    await assert.rejects(stage.service.finished(id), { code: 'replay-state-damaged' })
    const before = await written()
    assert.ok(before.some((end) => end > 0n) && before.some((end) => end < 5_000n))
    // as long as this takes, the other would have emitted more
    const other = await stage.service.create({ source, target: { topic: freshName('replayed') } })
    await stage.service.finished(other.id)
    assert.deepEqual(await written(), before)
  })
})
