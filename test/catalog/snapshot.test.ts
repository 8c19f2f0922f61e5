import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { listIncarnations, resolveIncarnation } from '../../src/catalog/incarnations.ts'
import { type KnownLogs, listArchivedTopics, loadTopic } from '../../src/catalog/snapshot.ts'
import { appendCommits, clock, openLog } from './log-kit.ts'
import { MemoryStore } from './memory-store.ts'

const resolve = (store: MemoryStore, topic: string, incarnationId: string) =>
  resolveIncarnation(store, { topic, incarnationId }, clock)

suite('incarnations', () => {
  test('are numbered in the order in which they are first seen, and keep their numbers', async () => {
    const store = new MemoryStore()
    const ids = ['first', 'second', 'third', 'second', 'first']
    const numbers: number[] = []
    for (const id of ids) numbers.push(await resolve(store, 't', id))
    assert.deepEqual(numbers, [1, 2, 3, 2, 1])
    assert.equal(await resolve(store, 'other', 'second'), 1)
  })

  test('are the same for all who ask at once, also for the twentieth topic of a name', async () => {
    const store = new MemoryStore()
    const ids = Array.from({ length: 60 }, (_, i) => `id-${i % 20}`)
    const numbers = await Promise.all(ids.map((id) => resolve(store, 't', id)))
    assert.deepEqual(numbers.slice(0, 20), numbers.slice(20, 40))
    assert.deepEqual(numbers.slice(0, 20), numbers.slice(40))
    assert.deepEqual(
      numbers.slice(0, 20).sort((a, b) => a - b),
      Array.from({ length: 20 }, (_, i) => i + 1),
    )
    assert.equal((await listIncarnations(store, 't')).length, 20)
  })

  test('with one missing, or that are no JSON, are damage and never numbered anew', async () => {
    const store = new MemoryStore()
    for (const id of ['a', 'b', 'c']) await resolve(store, 't', id)
    store.put('catalog/t/incarnations/3.json', Buffer.from('{'))
    await assert.rejects(resolve(store, 't', 'd'), { code: 'incarnation-damaged', message: /3\.json/ })
    await store.delete('catalog/t/incarnations/2.json')
    await assert.rejects(resolve(store, 't', 'd'), { code: 'log-impossible', message: /number 2 is missing/ })
  })
})

suite('a snapshot', () => {
  test('holds every incarnation and partition of the topic, and nothing of its neighbours', async () => {
    const store = new MemoryStore()
    const partitions = [0, 1, 2, 9, 10, 11, 100, 1000]
    for (const topic of ['t', 't-2', 't.x', 'a/b', '..']) await resolve(store, topic, 'one')
    await resolve(store, 't', 'two')
    for (const partition of partitions) {
      await appendCommits(await openLog(store, 'w', { topic: 't', incarnation: 1, partition }), 2)
    }
    await appendCommits(await openLog(store, 'w', { topic: 't', incarnation: 2, partition: 3 }), 1)
    await appendCommits(await openLog(store, 'w', { topic: 't-2', incarnation: 1, partition: 7 }), 1)
    await appendCommits(await openLog(store, 'w', { topic: 'a/b', incarnation: 1, partition: 0 }), 1)
    assert.deepEqual(await listArchivedTopics(store), ['..', 'a/b', 't', 't-2', 't.x'])
    const { incarnations } = await loadTopic(store, 't')
    assert.deepEqual(
      incarnations.map(({ incarnation, incarnationId }) => [incarnation, incarnationId]),
      [
        [1, 'one'],
        [2, 'two'],
      ],
    )
    assert.deepEqual(
      incarnations[0]!.partitions.map(({ partition }) => partition),
      partitions,
    )
    assert.deepEqual(
      incarnations[1]!.partitions.map(({ partition }) => partition),
      [3],
    )
    for (const { archived, segments } of incarnations[0]!.partitions) {
      assert.deepEqual(archived, { from: 0n, next: 20n })
      assert.equal(segments.length, 2)
    }
    assert.deepEqual((await loadTopic(store, '..')).incarnations[0]!.partitions, [])
    assert.equal((await loadTopic(store, 'a/b')).incarnations[0]!.partitions.length, 1)
  })

  test('of a topic that is not archived names those that are', async () => {
    const store = new MemoryStore()
    await assert.rejects(loadTopic(store, 'x'), { code: 'topic-not-archived', remedy: /holds no topic yet/ })
    await resolve(store, 'orders', 'one')
    await assert.rejects(loadTopic(store, 'order'), { code: 'topic-not-archived', remedy: /orders/ })
  })

  test('are the same when what logs said before is remembered, and cost no entry that was read', async () => {
    const store = new MemoryStore()
    await resolve(store, 't', 'first')
    const log = await openLog(store)
    const logs: KnownLogs = new Map()
    for (const commits of [3, 0, 1, 2, 70, 0]) {
      await appendCommits(log, commits)
      const before = store.requests
      const remembered = await loadTopic(store, 't', logs)
      const asked = store.requests - before
      const anew = await loadTopic(store, 't')
      assert.deepEqual(remembered, anew)
      if (commits <= 2) assert.ok(asked <= store.requests - before - asked, `${asked} requests for ${commits} commits`)
    }
  })
})
