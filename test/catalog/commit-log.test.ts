import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkpointsUpTo } from '../../src/catalog/checkpoint.ts'
import { LogReader } from '../../src/catalog/log-reader.ts'
import { seqName } from '../../src/catalog/numbered-log.ts'
import { commitOf, intend } from '../format/log-samples.ts'
import { appendCommits, KEY, openLog, PREFIX, putLog } from './log-kit.ts'
import { MemoryStore } from './memory-store.ts'

suite('a commit log', () => {
  test('is empty where nothing is, and goes on where another writer left it', async () => {
    const store = new MemoryStore()
    const log = await openLog(store)
    assert.deepEqual(log.head, { nextSeq: 0, archived: null, openIntent: null })
    assert.equal(await log.intend(intend(0, 5n)), 'appended')
    const open = await openLog(store, 'other')
    assert.deepEqual(open.head, log.head)
    assert.equal(await open.commit(commitOf(intend(0, 5n))), 'appended')
    assert.deepEqual((await openLog(store)).head, { nextSeq: 2, archived: { from: 5n, next: 15n }, openIntent: null })
  })

  test('tells the loser of a race what won', async () => {
    const store = new MemoryStore()
    const [a, b] = [await openLog(store, 'a'), await openLog(store, 'b')]
    assert.equal(await a.intend(intend(0, 0n)), 'appended')
    assert.equal(await b.intend(intend(0, 0n, 5)), 'lost')
    assert.deepEqual(b.head, a.head)
    const c = await openLog(store, 'c')
    assert.equal(await c.commit(commitOf(intend(0, 0n))), 'appended')
    await appendCommits(c, 40)
    assert.equal(await a.commit(commitOf(intend(0, 0n))), 'lost')
    assert.deepEqual(a.head, { nextSeq: 82, archived: { from: 0n, next: 410n }, openIntent: null })
  })

  test('knows its own commit again when the answer was lost and the clock has moved', async () => {
    const store = new MemoryStore()
    const a = await openLog(store, 'a')
    await a.intend(intend(0, 0n))
    const again = await openLog(store, 'a')
    assert.equal(await a.commit(commitOf(intend(0, 0n))), 'appended')
    assert.equal(await again.commit({ ...commitOf(intend(0, 0n)), gaps: intend(0, 0n).gaps }), 'appended')
    assert.deepEqual(again.head, a.head)
  })

  test('keeps partitions and incarnations apart', async () => {
    const store = new MemoryStore()
    await appendCommits(await openLog(store, 'w', { topic: 'a/b', incarnation: 2, partition: 12 }), 1)
    assert.deepEqual(
      [...store.objects.keys()],
      [`log/a%2Fb+2/12/${seqName(0)}.json`, `log/a%2Fb+2/12/${seqName(1)}.json`],
    )
  })

  test('says in an impossible append what is wrong, before anything is written', async () => {
    const store = new MemoryStore()
    const log = await openLog(store)
    await appendCommits(log, 1)
    await assert.rejects(async () => log.intend(intend(2, 11n)), { code: 'log-impossible' })
    assert.equal(store.objects.size, 2)
  })
})

suite('checkpoints', () => {
  test('say what the entries say: folded states are equal with and without them', async () => {
    const [plain, checkpointed] = [new MemoryStore(), new MemoryStore()]
    putLog(plain, 64 * 9 + 7)
    for (const [path, bytes] of plain.objects) checkpointed.put(path, bytes)
    for (let k = 1; k <= 9; k++) await new LogReader(checkpointed, KEY).writeCheckpoint(k)
    const [a, b] = [await new LogReader(plain, KEY).state(), await new LogReader(checkpointed, KEY).state()]
    assert.deepEqual(a, b)
    assert.equal(a.segments.length, (64 * 9 + 6) / 2)
    assert.equal(a.openIntent?.seq, 64 * 9 + 6)
    assert.ok(checkpointed.objects.size === plain.objects.size + 9)
  })

  test('are written on the way, and the same whoever writes them', async () => {
    const store = new MemoryStore()
    await appendCommits(await openLog(store), 33)
    await appendCommits(await openLog(store, 'other'), 40)
    const names = [...store.objects.keys()].filter((path) => path.endsWith('.checkpoint.json'))
    assert.deepEqual(names, [`${PREFIX}${seqName(63)}.checkpoint.json`, `${PREFIX}${seqName(127)}.checkpoint.json`])
    const copy = new MemoryStore()
    for (const [path, bytes] of store.objects) if (!path.includes('checkpoint')) copy.put(path, bytes)
    // The second one alone: from the entries, because the first is not there.
    await new LogReader(copy, KEY).writeCheckpoint(2)
    assert.deepEqual(copy.objects.get(names[1]!), store.objects.get(names[1]!))
  })

  test('that are missing, cut off or changed are passed over without changing the answer', async () => {
    const store = new MemoryStore()
    putLog(store, 300)
    const expected = await new LogReader(store, KEY).state()
    for (let k = 1; k <= 4; k++) await new LogReader(store, KEY).writeCheckpoint(k)
    const path = `${PREFIX}${seqName(255)}.checkpoint.json`
    const whole = store.objects.get(path)!
    const lie = Buffer.from(whole.toString().replace('"firstOffset":"10"', '"firstOffset":"11"'))
    assert.notDeepEqual(lie, whole)
    for (const bytes of [
      whole.subarray(0, 100),
      Buffer.alloc(0),
      lie,
      Buffer.from('[]'),
      Buffer.from('\xff', 'latin1'),
    ]) {
      store.put(path, bytes)
      assert.deepEqual(await new LogReader(store, KEY).state(), expected)
    }
    await store.delete(path)
    assert.deepEqual(await new LogReader(store, KEY).state(), expected)
  })

  test('of another place in the log are passed over', async () => {
    const store = new MemoryStore()
    putLog(store, 300)
    const expected = await new LogReader(store, KEY).state()
    for (let k = 1; k <= 4; k++) await new LogReader(store, KEY).writeCheckpoint(k)
    const of = (seq: number) => `${PREFIX}${seqName(seq)}.checkpoint.json`
    store.put(of(255), store.objects.get(of(127))!)
    assert.deepEqual(await new LogReader(store, KEY).state(), expected)
  })

  test('of a newer version are an error, because its entries may not be readable either', async () => {
    const store = new MemoryStore()
    putLog(store, 70)
    store.put(`${PREFIX}${seqName(63)}.checkpoint.json`, Buffer.from('{"version":2}'))
    await assert.rejects(new LogReader(store, KEY).state(), { code: 'log-entry-newer' })
  })

  test('make a log of 100,000 entries open in some twenty requests and load in about a hundred', async () => {
    const store = new MemoryStore()
    putLog(store, 100_000)
    const reader = new LogReader(store, KEY)
    for (const k of checkpointsUpTo(Math.floor(100_000 / 64))) await reader.writeCheckpoint(k)
    const checkpoints = [...store.objects]
      .filter(([path]) => path.includes('checkpoint'))
      .map(([, bytes]) => bytes.length)
    store.requests = 0
    const log = await openLog(store)
    assert.deepEqual(log.head.archived, { from: 0n, next: 500_000n })
    assert.ok(store.requests <= 25, `${store.requests} requests to open`)
    store.requests = 0
    const state = await reader.state()
    assert.equal(state.segments.length, 50_000)
    assert.ok(store.requests <= 110, `${store.requests} requests to load`)
    assert.ok(Math.max(...checkpoints) < 2_000_000, `${Math.max(...checkpoints)} bytes in one checkpoint`)
  })

  test('do not hide an entry that is missing or was changed after they were written', async () => {
    const store = new MemoryStore()
    putLog(store, 70)
    await store.delete(`${PREFIX}${seqName(66)}.json`)
    await assert.rejects(new LogReader(store, KEY).state(), { code: 'log-entry-missing' })
    store.put(`${PREFIX}${seqName(66)}.json`, store.objects.get(`${PREFIX}${seqName(64)}.json`)!)
    await assert.rejects(new LogReader(store, KEY).state(), { code: 'log-impossible' })
  })
})
