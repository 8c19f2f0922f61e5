import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { NumberedLog, seqName } from '../../src/catalog/numbered-log.ts'
import { MemoryStore } from './memory-store.ts'

function logOf(entries: number): { store: MemoryStore; log: NumberedLog } {
  const store = new MemoryStore()
  for (let seq = 0; seq < entries; seq++) store.objects.set(`x/${seqName(seq)}.json`, Buffer.from(`${seq}`))
  return { store, log: new NumberedLog(store, 'x/') }
}

suite('a numbered log', () => {
  test('counts its entries, however many, in few requests', async () => {
    for (const entries of [0, 1, 2, 999, 1000, 1001, 1999, 2000, 2001, 3000, 12_345, 65_536, 100_000]) {
      const { store, log } = logOf(entries)
      assert.equal(await log.count(), entries)
      const most = entries < 1000 ? 1 : 2 + 2 * Math.log2(entries / 500)
      assert.ok(store.requests <= most * 1.5 + 2, `${store.requests} requests for ${entries}`)
      if (entries < 1000) assert.equal(store.requests, 1)
    }
  })

  test('counts on from what is known', async () => {
    const { store, log } = logOf(50_000)
    assert.equal(await log.count(49_990), 50_000)
    assert.equal(store.requests, 1)
    assert.equal(await log.count(50_000), 50_000)
  })

  test('does not take checkpoints and strangers for entries', async () => {
    const { store, log } = logOf(70)
    store.put(`x/${seqName(63)}.checkpoint.json`, Buffer.from('{}'))
    store.put('x/README', Buffer.from('hello'))
    store.put(`x/1/${seqName(99)}.json`, Buffer.from('{}'))
    assert.equal(await log.count(), 70)
  })

  test('gives a number to one entry only', async () => {
    const { log } = logOf(3)
    const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map((text) => log.append(3, Buffer.from(text))))
    assert.deepEqual(outcomes.sort(), ['appended', 'lost', 'lost', 'lost'])
  })

  test('takes its own bytes that are there for its own append whose answer was lost', async () => {
    const { log } = logOf(3)
    assert.equal(await log.append(3, Buffer.from('mine')), 'appended')
    assert.equal(await log.append(3, Buffer.from('mine')), 'appended')
    assert.equal(await log.append(3, Buffer.from('yours')), 'lost')
  })

  test('names the entry that somebody deleted', async () => {
    const { store, log } = logOf(3)
    await store.delete(log.path(1))
    await assert.rejects(log.read(1), { code: 'log-entry-missing', message: /x\/00000000000000000001\.json/ })
  })
})
