import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Finding, verifyTopic } from '../../../src/archive/verify/verify.ts'
import { LogReader } from '../../../src/catalog/log-reader.ts'
import type { PartitionSnapshot, TopicSnapshot } from '../../../src/catalog/snapshot.ts'
import { countOffsets } from '../../../src/format/gaps.ts'
import type { MemoryStore } from '../../catalog/memory-store.ts'
import { simulate } from '../commit/simulation.ts'
import { ENTRIES_PER_CHECKPOINT } from '../commit/simulation-writer.ts'
import { buildToy, toyDescriber, toyRows } from '../commit/toy-segment.ts'

/** An archive that several writers made under faults, with rows, gaps of all kinds, and empty segments. */
async function archive(seed: number): Promise<MemoryStore> {
  const rates = { faultRate: 0.02, killRate: 0.005, pauseRate: 0.02, compactRate: 0.05, retainRate: 0.02 }
  const { store } = await simulate({ seed, records: 40, writers: 4, steps: 400, ...rates, sabotage: 'none' })
  const incarnation = { version: 1, incarnation: 1, incarnationId: 'one', at: '2026-01-01T00:00:00.000Z' }
  store.put('catalog/t/incarnations/1.json', Buffer.from(JSON.stringify(incarnation)))
  return store
}

async function snapshotOf(store: MemoryStore): Promise<TopicSnapshot> {
  const state = await new LogReader(store, { topic: 't', incarnation: 1, partition: 0 }, ENTRIES_PER_CHECKPOINT).state()
  const partitions = [{ partition: 0, ...state }]
  return { topic: 't', incarnations: [{ incarnation: 1, incarnationId: 'one', at: '', partitions }] }
}

async function verify(store: MemoryStore, snapshot?: TopicSnapshot): Promise<Finding[]> {
  const given = snapshot ?? (await snapshotOf(store))
  const findings: Finding[] = []
  let checked = 0
  for await (const event of verifyTopic(store, given, { describer: toyDescriber, topicsDir: 'topics' })) {
    if (event.kind === 'finding') findings.push(event.finding)
    else checked = event.checkedSegments
  }
  assert.equal(checked, given.incarnations[0]!.partitions[0]!.segments.length)
  return findings
}

/** A segment of the archive that has rows. */
async function segmentIn(store: MemoryStore): Promise<{ path: string; bytes: Buffer }> {
  const { segments } = (await snapshotOf(store)).incarnations[0]!.partitions[0]!
  const { path } = segments.find(({ records }) => records > 0)!
  return { path, bytes: store.objects.get(path)! }
}

suite('verification', () => {
  test('has nothing to say about what captures leave behind, whatever befell them', async () => {
    for (let seed = 0; seed < 60; seed++) assert.deepEqual(await verify(await archive(seed)), [], `seed ${seed}`)
  })

  test('names a segment that is missing, and its offsets', async () => {
    const store = await archive(1)
    const { path, bytes } = await segmentIn(store)
    await store.delete(path)
    const [found, ...others] = await verify(store)
    assert.deepEqual(others, [])
    assert.equal(found!.code, 'segment-missing')
    assert.equal(found!.object, path)
    const rows = toyRows(bytes)
    assert.deepEqual(found!.offsets, [
      { firstOffset: BigInt(rows[0]!.offset), lastOffset: BigInt(rows.at(-1)!.offset) },
    ])
    assert.ok(found!.remedy.length > 0)
  })

  test('names a segment of which a bit or a byte was changed', async () => {
    const store = await archive(2)
    const { path, bytes } = await segmentIn(store)
    for (const changed of [Buffer.from(bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte))), bytes.subarray(1)]) {
      store.put(path, changed)
      assert.deepEqual(
        (await verify(store)).map(({ code, object }) => [code, object]),
        [['segment-changed', path]],
      )
    }
  })

  test('names an object that no log entry names', async () => {
    const store = await archive(3)
    const path = 'topics/t/hour=9/t+0+0000000000.parquet'
    store.put(path, Buffer.from(buildToy([]).chunks[0]!))
    store.put('topics/t-2/hour=9/t-2+0+0000000000.parquet', Buffer.from('a neighbour'))
    assert.deepEqual(
      (await verify(store)).map(({ code, object }) => [code, object]),
      [['segment-unknown', path]],
    )
  })

  test('does not take for unknown what a capture has announced, also after the snapshot was taken', async () => {
    const store = await archive(4)
    const snapshot = await snapshotOf(store)
    const partition = snapshot.incarnations[0]!.partitions[0]!
    const { path, firstOffset, lastOffset, records } = partition.segments.at(-1)!
    const openIntent = { kind: 'intend', seq: 0, writer: '', at: '', from: 0n, next: 1n } as const
    const routing = {
      topicsDir: 'topics',
      pathFormat: '',
      timezone: '',
      partitionDurationMs: 1,
      timestampField: null,
    } as const
    const announced = {
      ...partition,
      segments: partition.segments.slice(0, -1),
      openIntent: {
        ...openIntent,
        routing: { ...routing, codec: 'zstd' as const },
        segments: [{ path, firstOffset, lastOffset, records }],
        gaps: [],
      },
    }
    const codesOf = async (given: PartitionSnapshot) => {
      const incarnations = [{ ...snapshot.incarnations[0]!, partitions: [given] }]
      return (await verify(store, { topic: 't', incarnations })).map(({ code }) => code)
    }
    assert.ok(!(await codesOf(announced)).includes('segment-unknown'))
    assert.ok(!(await codesOf({ ...announced, openIntent: null })).includes('segment-unknown'))
  })

  test('finds an offset that is neither row nor gap, is both, or is twice', async () => {
    const store = await archive(5)
    const snapshot = await snapshotOf(store)
    const partition = snapshot.incarnations[0]!.partitions[0]!
    const withPartition = (change: Partial<typeof partition>): TopicSnapshot => {
      return {
        ...snapshot,
        incarnations: [{ ...snapshot.incarnations[0]!, partitions: [{ ...partition, ...change }] }],
      }
    }
    const [gap] = partition.gaps
    const less = await verify(store, withPartition({ gaps: partition.gaps.slice(1) }))
    assert.ok(less.every(({ code }) => code === 'offsets-missing'))
    assert.equal(less[0]!.offsets![0]!.firstOffset, gap!.firstOffset)
    assert.equal(countOffsets(less.flatMap(({ offsets }) => offsets ?? [])), gap!.offsets)

    const { path } = await segmentIn(store)
    const { firstOffset } = partition.segments.find((segment) => segment.path === path)!
    const extra = { reason: 'control', firstOffset, lastOffset: firstOffset, offsets: 1n, runs: '' } as const
    const both = await verify(store, withPartition({ gaps: [...partition.gaps, extra] }))
    assert.deepEqual(
      both.map(({ code, offsets }) => [code, offsets]),
      [['offsets-gap-and-row', [{ firstOffset, lastOffset: firstOffset }]]],
    )

    const segment = partition.segments.find((candidate) => candidate.path === path)!
    const twice = await verify(store, withPartition({ segments: [...partition.segments, segment] }))
    assert.deepEqual(
      twice.map(({ code }) => code),
      ['offsets-twice'],
    )
  })
})
