import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { CommittedSegment } from '../../src/format/segment.ts'
import { SegmentCache } from '../../src/query/segment-cache.ts'
import { MemoryStore } from '../catalog/memory-store.ts'
import { type ArchivedRecord, archiveRecords } from './archive.ts'
import { NINE, orders } from './orders.ts'
import { openRig, testFolder } from './rig.ts'

const signal = new AbortController().signal

/** Notes which segments are read, and can spoil them. */
class WatchedStore extends MemoryStore {
  readonly reads: string[] = []

  override async getRange(path: string, start: number, end: number): Promise<Buffer> {
    this.reads.push(path)
    return super.getRange(path, start, end)
  }
}

async function files(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}

async function archive(): Promise<{ store: WatchedStore; segments: CommittedSegment[] }> {
  const store = new WatchedStore()
  const segments = await archiveRecords(store, 'orders', orders())
  store.reads.length = 0
  return { store, segments }
}

describe('The segment cache', () => {
  it('answers queries over a store that is not on this machine, its partition columns kept', async (t) => {
    const { store } = await archive()
    const cache = new SegmentCache({ store, folder: await testFolder(t), maxBytes: 1 << 30 })
    const rig = await openRig(t, store, cache)
    assert.deepEqual(await rig.rows('SELECT hour, count(*) FROM orders GROUP BY 1 ORDER BY 1'), [
      ['09', 60n],
      ['10', 60n],
    ])
  })

  it('brings each segment once, for queries at the same time, later ones, and after a restart', async (t) => {
    const { store, segments } = await archive()
    const folder = await testFolder(t)
    const cache = new SegmentCache({ store, folder, maxBytes: 1 << 30 })
    await Promise.all([cache.hold(segments, signal), cache.hold(segments, signal)])
    await cache.hold(segments, signal)
    await new SegmentCache({ store, folder, maxBytes: 1 << 30 }).hold(segments, signal)
    assert.deepEqual([...store.reads].sort(), segments.map(({ path }) => path).sort())
    for (const { path } of segments) {
      assert.deepEqual(await readFile(join(cache.folder, path)), await store.get(path))
    }
  })

  it('brings a file again that was changed or cut while nobody looked', async (t) => {
    const { store, segments } = await archive()
    const folder = await testFolder(t)
    const before = new SegmentCache({ store, folder, maxBytes: 1 << 30 })
    await before.hold(segments, signal)
    const [changed, cut] = segments
    await writeFile(join(before.folder, changed!.path), Buffer.alloc(changed!.bytes, 1))
    await writeFile(join(before.folder, cut!.path), 'short')
    store.reads.length = 0
    const after = new SegmentCache({ store, folder, maxBytes: 1 << 30 })
    await after.hold(segments, signal)
    assert.deepEqual([...store.reads].sort(), [changed!.path, cut!.path].sort())
    assert.deepEqual(await readFile(join(after.folder, changed!.path)), await store.get(changed!.path))
  })

  it('brings a file again that was deleted under it, known or not', async (t) => {
    const { store, segments } = await archive()
    const folder = await testFolder(t)
    const cache = new SegmentCache({ store, folder, maxBytes: 1 << 30 })
    ;(await cache.hold(segments, signal)).release()
    const restarted = new SegmentCache({ store, folder, maxBytes: 1 << 30 })
    ;(await restarted.hold([segments[1]!], signal)).release()
    for (const each of [cache, restarted]) {
      await rm(join(cache.folder, segments[0]!.path))
      store.reads.length = 0
      ;(await each.hold(segments, signal)).release()
      assert.deepEqual(store.reads, [segments[0]!.path])
    }
  })

  it('refuses a segment that is not what the commit log says, and keeps nothing of it', async (t) => {
    const { store, segments } = await archive()
    const cache = new SegmentCache({ store, folder: await testFolder(t), maxBytes: 1 << 30 })
    const [whole, longer] = segments
    const flipped = Buffer.from(await store.get(whole!.path))
    flipped[10]! ^= 1
    store.objects.set(whole!.path, flipped)
    store.objects.set(longer!.path, Buffer.concat([await store.get(longer!.path), Buffer.from('x')]))
    for (const segment of [whole!, longer!]) {
      const refusal = { code: 'segment-damaged', remedy: /coldstream verify/ }
      await assert.rejects(cache.hold([segment], signal), refusal)
    }
    assert.deepEqual(await files(cache.folder), [])
  })

  it('brings for a key only what may hold it, and nothing of what has no such key', async (t) => {
    const store = new WatchedStore()
    // a segment a hour, each with keys of its own and values that zstd cannot shorten
    const records = Array.from({ length: 400 }, (_, index): ArchivedRecord => {
      const hour = Math.floor(index / 100)
      return {
        ...{ partition: 0, offset: BigInt(index), timestampMs: NINE + hour * 3_600_000, headers: [] },
        ...{ key: Buffer.from(`${index % 2 === 0 ? 'a' : 'z'}-${hour}-${index % 10}`), value: randomBytes(2000) },
      }
    })
    const segments = await archiveRecords(store, 'large', records)
    const cache = new SegmentCache({ store, folder: await testFolder(t), maxBytes: 1 << 30 })
    const rig = await openRig(t, store, cache)
    const name = ({ path }: CommittedSegment) => path.slice(path.lastIndexOf('/') + 1)
    const count = async (where: string) => (await rig.query({ sql: `SELECT count(*) FROM large WHERE ${where}` })).rows
    store.reads.length = 0
    assert.deepEqual(await count("record_key = to_utf8('a-9-4')"), [[0n]])
    assert.deepEqual(await files(cache.folder), [])
    const { rows, statistics } = await rig.query({
      template: 'events-of-key',
      parameters: { topic: 'large', key: 'a-2-4' },
    })
    assert.deepEqual([rows.length, statistics.files], [10, 1])
    assert.deepEqual(await files(cache.folder), [name(segments[2]!)])
    assert.deepEqual(await count("from_utf8(record_key) IN ('a-1-2', 'a-2-2') AND record_offset >= 0"), [[20n]])
    assert.deepEqual((await files(cache.folder)).sort(), [name(segments[1]!), name(segments[2]!)].sort())
    store.reads.length = 0
    assert.deepEqual(await count("record_key = to_utf8('a-8-4')"), [[0n]])
    assert.deepEqual(store.reads, [])
    assert.deepEqual(await count("record_key <> to_utf8('a-2-2')"), [[390n]])
  })

  it('gives the copy of a segment to whoever wants to read it too, as long as it is there', async (t) => {
    const { store, segments } = await archive()
    const [kept, other] = segments
    const cache = new SegmentCache({ store, folder: await testFolder(t), maxBytes: 1 << 30 })
    await cache.hold([kept!], signal)
    assert.deepEqual(await cache.copyOf(kept!), await store.get(kept!.path))
    assert.equal(await cache.copyOf(other!), null)
    await rm(join(cache.folder, kept!.path))
    assert.equal(await cache.copyOf(kept!), null)
  })

  it('never leaves its folder', async (t) => {
    const { store, segments } = await archive()
    const cache = new SegmentCache({ store, folder: await testFolder(t), maxBytes: 1 << 30 })
    for (const path of ['../outside.parquet', '/etc/passwd', 'topics/../../x']) {
      await assert.rejects(cache.hold([{ ...segments[0]!, path }], signal), { code: 'object-path-invalid' })
    }
  })

  it('keeps to its bound by letting go of what was used longest ago, but never of what a query holds', async (t) => {
    const { store, segments } = await archive()
    const [a, b, c, d] = segments as [CommittedSegment, CommittedSegment, CommittedSegment, CommittedSegment]
    const largest = Math.max(...segments.map(({ bytes }) => bytes))
    const cache = new SegmentCache({ store, folder: await testFolder(t), maxBytes: 2 * largest })
    const release = async (segment: CommittedSegment) => (await cache.hold([segment], signal)).release()
    const kept = async () => (await files(cache.folder)).sort()
    const name = ({ path }: CommittedSegment) => path.slice(path.lastIndexOf('/') + 1)
    await release(a)
    await release(b)
    await release(a)
    await release(c)
    assert.deepEqual(await kept(), [name(a), name(c)].sort())
    const held = await cache.hold([a], signal)
    await release(d)
    await release(b)
    assert.deepEqual(await kept(), [name(a), name(b)].sort())
    held.release()
    await assert.rejects(cache.hold(segments, signal), { code: 'query-too-large', remedy: /window/ })
  })

  it('remembers over a restart what was used longest ago', async (t) => {
    const { store, segments } = await archive()
    const [a, b, c] = segments as [CommittedSegment, CommittedSegment, CommittedSegment]
    const folder = await testFolder(t)
    const maxBytes = 2 * Math.max(...segments.map(({ bytes }) => bytes))
    const before = new SegmentCache({ store, folder, maxBytes })
    for (const segment of [a, b]) (await before.hold([segment], signal)).release()
    await utimes(join(before.folder, b.path), 1, 1)
    const after = new SegmentCache({ store, folder, maxBytes })
    await after.hold([c], signal)
    const names = (await files(after.folder)).sort()
    assert.deepEqual(names, [a, c].map(({ path }) => path.slice(path.lastIndexOf('/') + 1)).sort())
  })

  it('stops when the query is cancelled, and when a segment is not there', async (t) => {
    const { store, segments } = await archive()
    const cache = new SegmentCache({ store, folder: await testFolder(t), maxBytes: 1 << 30 })
    await assert.rejects(cache.hold(segments, AbortSignal.abort(new Error('enough'))), { message: 'enough' })
    await store.delete(segments[0]!.path)
    await assert.rejects(cache.hold(segments, signal), { code: 'object-not-found' })
  })
})
