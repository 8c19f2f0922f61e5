import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { PartitionCommitter } from '../../../src/archive/commit/commit-protocol.ts'
import type { Recovery, SealedRange } from '../../../src/archive/commit/sealed.ts'
import { LogReader } from '../../../src/catalog/log-reader.ts'
import { UnavailableError } from '../../../src/errors.ts'
import { unpackGaps } from '../../../src/format/gap-set.ts'
import { KEY, openLog } from '../../catalog/log-kit.ts'
import { MemoryStore } from '../../catalog/memory-store.ts'
import { routing } from '../../format/log-samples.ts'
import { buildToy, toyDescriber } from './toy-segment.ts'

async function committerOf(store: MemoryStore, writer: string, brokerFirst = 0n): Promise<PartitionCommitter> {
  return new PartitionCommitter({
    store,
    log: await openLog(store, writer),
    describer: toyDescriber,
    brokerFirst: async () => brokerFirst,
    buildEmpty: () => buildToy([]),
  })
}

const PATH_A = 'topics/t/hour=0/t+0+0000000000.parquet'
const PATH_B = 'topics/t/hour=1/t+0+0000000001.parquet'
const rowsOf = (...offsets: number[]) => offsets.map((offset) => ({ offset, value: `v${offset}` }))

/** Offsets 0, 2, 3 in one bucket, 1 and 5 in another, a transaction marker at 4. */
function sealed(): SealedRange {
  const [a, b] = [buildToy(rowsOf(0, 2, 3)), buildToy(rowsOf(1, 5))]
  return {
    from: 0n,
    next: 6n,
    routing,
    segments: [
      { path: PATH_A, firstOffset: 0n, lastOffset: 3n, records: 3, build: () => a },
      { path: PATH_B, firstOffset: 1n, lastOffset: 5n, records: 2, build: () => b },
    ],
    gaps: [{ reason: 'control', firstOffset: 4n, lastOffset: 4n }],
  }
}

const nothingLeft: Recovery = { rebuild: async () => ({ segments: new Map(), gaps: [] }) }

async function gapsIn(store: MemoryStore): Promise<string[]> {
  const { gaps } = await new LogReader(store, KEY).state()
  return unpackGaps(gaps, 'log').map(({ reason, firstOffset, lastOffset }) => `${reason} ${firstOffset}..${lastOffset}`)
}

/** Dies, as far as the log knows, right after its intent. */
async function intendOnly(store: MemoryStore, writer: string): Promise<void> {
  const committer = await committerOf(store, writer)
  const range = sealed()
  const dying = range.segments.map((segment) => ({ ...segment, build: () => Promise.reject(new Error('killed')) }))
  await assert.rejects(committer.commit({ ...range, segments: dying }), /killed/)
}

suite('a commit', () => {
  test('leaves the segments and two log entries that name them', async () => {
    const store = new MemoryStore()
    const { outcome, state } = await (await committerOf(store, 'a')).commit(sealed())
    assert.equal(outcome, 'committed')
    assert.deepEqual(state, { nextSeq: 2, archived: { from: 0n, next: 6n }, openIntent: null })
    const { segments } = await new LogReader(store, KEY).state()
    assert.deepEqual(
      segments.map(({ path, records }) => [path, records]),
      [
        [PATH_A, 3],
        [PATH_B, 2],
      ],
    )
    assert.equal(segments[0]!.sha256, buildToy(rowsOf(0, 2, 3)).sha256)
    assert.deepEqual(await gapsIn(store), ['control 4..4'])
  })

  test('states what lies there first, and why the rest has no row', async () => {
    for (const [brokerFirst, reason] of [
      [0n, 'compacted'],
      [6n, 'retention'],
    ] as const) {
      const store = new MemoryStore()
      store.put(PATH_A, Buffer.from(buildToy(rowsOf(0, 3)).chunks[0]!))
      const { outcome } = await (await committerOf(store, 'a', brokerFirst)).commit(sealed())
      assert.equal(outcome, 'committed')
      assert.deepEqual(await gapsIn(store), [`${reason} 2..2`, 'control 4..4'])
    }
  })

  test('explains offsets that the capture saw neither as row nor as gap', async () => {
    const store = new MemoryStore()
    await (await committerOf(store, 'a')).commit({ ...sealed(), next: 8n })
    assert.deepEqual(await gapsIn(store), ['control 4..4', 'compacted 6..7'])
  })

  test('refuses a foreign object in its way, and names it', async () => {
    const foreign = [
      Buffer.from('no segment'),
      Buffer.from(buildToy(rowsOf(0), { topic: 'other', incarnation: 1, partition: 0 }).chunks[0]!),
      Buffer.from(buildToy(rowsOf(0), { topic: 't', incarnation: 2, partition: 0 }).chunks[0]!),
      Buffer.from(buildToy(rowsOf(0, 9)).chunks[0]!),
    ]
    for (const bytes of foreign) {
      const store = new MemoryStore()
      store.put(PATH_A, bytes)
      const commit = (await committerOf(store, 'a')).commit(sealed())
      await assert.rejects(commit, { code: 'segment-path-taken', message: new RegExp(PATH_A.replaceAll('+', '\\+')) })
      assert.equal((await new LogReader(store, KEY).state()).archived, null)
    }
  })

  test('that lost the race for the intent gives way to the winner', async () => {
    const store = new MemoryStore()
    const late = await committerOf(store, 'late')
    await intendOnly(store, 'first')
    const other = { ...sealed(), next: 7n }
    const { outcome, state } = await late.commit(other)
    assert.equal(outcome, 'superseded')
    assert.equal(state.openIntent?.writer, 'first')
    assert.equal((await late.finish({ rebuild: async () => recoverAll() })).outcome, 'committed')
    assert.equal(late.state.archived?.next, 6n)
    assert.equal((await late.commit(sealed())).outcome, 'superseded')
  })

  test('may be tried again after any request failed, before or after its effect', async () => {
    let attempts = 0
    for (let failing = 0; failing < 14; failing++) {
      const store = new MemoryStore()
      const committer = await committerOf(store, 'a')
      const create = store.createIfAbsent.bind(store)
      let request = 0
      store.createIfAbsent = async (path, chunks) => {
        const at = request++
        const lost = new UnavailableError('store-unavailable', 'no answer', { remedy: 'Try again.' })
        if (at * 2 === failing) throw lost
        const answer = await create(path, chunks)
        if (at * 2 + 1 === failing) throw lost
        return answer
      }
      const again = async () => {
        attempts++
        return committer.commit(sealed())
      }
      const { outcome, state } = await again().catch(again)
      assert.equal(outcome, 'committed', `request ${failing}`)
      assert.deepEqual(state.archived, { from: 0n, next: 6n })
      assert.deepEqual(await gapsIn(store), ['control 4..4'])
    }
    assert.equal(attempts, 14 + 8)
  })
})

function recoverAll() {
  const segments = new Map([
    [PATH_A, buildToy(rowsOf(0, 2, 3))],
    [PATH_B, buildToy(rowsOf(1, 5))],
  ])
  return { segments, gaps: [] }
}

suite('an unfinished intent', () => {
  test('is finished with what was uploaded and what can be built again', async () => {
    const store = new MemoryStore()
    await intendOnly(store, 'dead')
    store.put(PATH_A, Buffer.from(buildToy(rowsOf(0, 2, 3)).chunks[0]!))
    const asked: string[] = []
    const { outcome } = await (await committerOf(store, 'b')).finish({
      rebuild: async (intent, missing) => {
        asked.push(...missing.map(({ path }) => path))
        assert.deepEqual([intent.from, intent.next, intent.routing], [0n, 6n, routing])
        return recoverAll()
      },
    })
    assert.equal(outcome, 'committed')
    assert.deepEqual(asked, [PATH_B])
    assert.deepEqual(await gapsIn(store), ['control 4..4'])
  })

  test('of which nothing is left takes its paths, so that its writer cannot store rows there later', async () => {
    const store = new MemoryStore()
    const zombie = await committerOf(store, 'zombie')
    const range = sealed()
    const [woken, wake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow = range.segments.map((segment) => ({
      ...segment,
      build: async () => {
        woken.resolve()
        await wake.promise
        return segment.build()
      },
    }))
    const late = zombie.commit({ ...range, segments: slow })
    await woken.promise
    await (await committerOf(store, 'b', 6n)).finish(nothingLeft)
    wake.resolve()
    assert.equal((await late).outcome, 'superseded')
    assert.deepEqual(await gapsIn(store), ['retention 0..3', 'control 4..4', 'retention 5..5'])
    const { segments } = await new LogReader(store, KEY).state()
    assert.deepEqual(
      segments.map(({ records }) => records),
      [0, 0],
    )
    assert.deepEqual(store.objects.get(PATH_A), Buffer.from(buildToy([]).chunks[0]!))
  })

  test('is not finished with rows that it did not announce, and its paths stay free', async () => {
    const store = new MemoryStore()
    await intendOnly(store, 'dead')
    const segments = new Map([[PATH_A, buildToy(rowsOf(0, 5))]])
    const finish = (await committerOf(store, 'b')).finish({ rebuild: async () => ({ segments, gaps: [] }) })
    await assert.rejects(finish, { code: 'rebuilt-outside-plan' })
    assert.equal(store.objects.has(PATH_A), false)
  })
})
