import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import type { CommittedSegment } from '../../src/format/segment.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import { SegmentCache } from '../../src/query/segment-cache.ts'
import { MemoryStore } from '../catalog/memory-store.ts'
import { type ArchivedRecord, archiveRecords, hourFolder } from './archive.ts'
import { NINE } from './orders.ts'
import { type Answer, openRig, type Rig, testFolder, testStore } from './rig.ts'

const HOUR_MS = 3_600_000
const HOURS = 3
const ROWS = 3000
/** Enough to be worth it to read parts, also of one segment. */
const VALUE_BYTES = 4500

class RemoteStore extends MemoryStore {
  bytesGiven = 0
  spoil: ((path: string, bytes: Buffer) => Buffer) | null = null

  override async getRange(path: string, start: number, end: number): Promise<Buffer> {
    const bytes = await super.getRange(path, start, end)
    this.bytesGiven += bytes.length
    return this.spoil?.(path, bytes) ?? bytes
  }
}

/** Keys that few rows have, one that half of them have, and none; values that zstd cannot shorten, tombstones among them. */
function record(index: number): ArchivedRecord {
  const hour = Math.floor(index / ROWS)
  const key = index % 2 === 0 ? 'often' : index % 7 === 0 ? null : `key-${index % 1997}`
  return {
    ...{ partition: 0, offset: BigInt(2 * index), timestampMs: NINE + hour * HOUR_MS + (index % ROWS) * 1000 },
    key: key === null ? null : Buffer.from(key),
    value: index % 11 === 0 ? null : noise(index),
    headers: Array.from({ length: index % 4 }, (_, i) => ({
      key: Buffer.from(`header-${i}`),
      value: i === 1 ? null : Buffer.from(`${index}`),
    })),
  }
}

function noise(seed: number): Buffer {
  return createHash('shake256', { outputLength: VALUE_BYTES }).update(String(seed)).digest()
}

describe('The rows of a key, of an archive that is not on this machine,', () => {
  const records = Array.from({ length: HOURS * ROWS }, (_, index) => record(index))
  const cleanups: (() => unknown)[] = []
  const t = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
  const remote = new RemoteStore()
  let segments: CommittedSegment[]
  /** Over the same records on this machine. */
  let local: Rig
  before(async () => {
    const store = await testStore(t)
    for (const each of [store, remote]) segments = await archive(each)
    local = await openRig(t, store)
  })
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup()
  })

  /** The last hour in folders of another path format. */
  async function archive(store: ObjectStore): Promise<CommittedSegment[]> {
    await archiveRecords(store, 'escaped', records.slice(0, ROWS), (ms) => `region=e%20u/zone=null/${hourFolder(ms)}`)
    const last = (HOURS - 1) * ROWS
    const first = await archiveRecords(store, 'orders', records.slice(0, last))
    const region = await archiveRecords(store, 'orders', records.slice(last), (ms) => `region=eu/${hourFolder(ms)}`)
    return [...first, ...region]
  }

  async function openRemote(store: ObjectStore = remote): Promise<{ rig: Rig; cached(): Promise<number> }> {
    const cache = new SegmentCache({ store, folder: await testFolder(t), maxBytes: 1 << 30 })
    const rig = await openRig(t, store, cache)
    remote.bytesGiven = 0
    remote.spoil = null
    const cached = async () => {
      const entries = await readdir(cache.folder, { recursive: true, withFileTypes: true })
      return entries.filter((entry) => entry.isFile()).length
    }
    return { rig, cached }
  }

  const essence = ({ columns, rows }: Answer) => ({ columns, rows })

  it('are those that the files hold: every column of every row, whatever keys, times and offsets are asked for', async () => {
    const { rig, cached } = await openRemote()
    const keys = fc.uniqueArray(
      fc.oneof(
        fc.nat(2200).map((number) => `key-${number}`),
        fc.constant('none'),
      ),
      { minLength: 1, maxLength: 4 },
    )
    const times = fc.tuple(fc.nat(HOURS * 60), fc.nat(HOURS * 60))
    const offsets = fc.option(fc.nat(2 * HOURS * ROWS))
    await fc.assert(
      fc.asyncProperty(keys, times, offsets, async (some, minutes, offset) => {
        const [from, until] = minutes.map((minute) => new Date(NINE + minute * 60_000).toISOString())
        const sql = `SELECT * FROM orders WHERE record_key IN (${some.map((key) => `to_utf8('${key}')`).join(', ')})
          AND record_timestamp >= TIMESTAMPTZ '${from}' AND record_timestamp < TIMESTAMPTZ '${until}'
          ${offset === null ? '' : `AND record_offset >= ${offset}`} ORDER BY record_offset`
        assert.deepEqual(essence(await rig.query({ sql })), essence(await local.query({ sql })))
      }),
      { numRuns: 15 },
    )
    assert.equal(await cached(), 0)
  })

  it('come without bringing more than the pages that hold them', async () => {
    const { rig, cached } = await openRemote()
    const request = { template: 'events-of-key', parameters: { topic: 'orders', key: 'key-4' } }
    const found = await rig.query(request)
    assert.deepEqual(essence(found), essence(await local.query(request)))
    assert.ok(found.rows.length >= 2)
    const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0)
    assert.ok(remote.bytesGiven < bytes / 2, `${remote.bytesGiven} of ${bytes}`)
    // footers, filters and indexes beside the pages
    const { statistics } = found
    assert.ok(statistics.bytes < remote.bytesGiven && statistics.bytes > 0.8 * remote.bytesGiven)
    assert.equal(await cached(), 0)
  })

  it('are only those in the window of the request', async () => {
    const { rig, cached } = await openRemote()
    const sql = "SELECT record_offset, region, hour FROM orders WHERE record_key = to_utf8('key-4') ORDER BY 1"
    const whole = (await rig.query({ sql })).rows
    const [, second] = records.filter(({ key }) => key?.toString() === 'key-4')
    const micros = BigInt(second!.timestampMs) * 1000n
    const cut = async (fromMicros: bigint | null, untilMicros: bigint | null) =>
      (await rig.query({ sql, window: { fromMicros, untilMicros } })).rows
    assert.deepEqual(await cut(null, micros), whole.slice(0, 1))
    assert.deepEqual(await cut(micros, null), whole.slice(1))
    assert.deepEqual(await cut(micros, micros + 1n), whole.slice(1, 2))
    assert.deepEqual(await cut(micros + 1n, null), whole.slice(2))
    assert.equal(await cached(), 0)
  })

  it('are read from whole segments where there are many', async () => {
    const { rig, cached } = await openRemote()
    const sql = "SELECT count(*), sum(length(record_value)) FROM orders WHERE record_key = to_utf8('often')"
    assert.deepEqual(essence(await rig.query({ sql })), essence(await local.query({ sql })))
    assert.equal(await cached(), segments.length)
  })

  it('are read from whole segments where folders do not mean what they say', async () => {
    const { rig, cached } = await openRemote()
    const sql = "SELECT record_offset, region, zone FROM escaped WHERE record_key = to_utf8('key-4') ORDER BY 1"
    const found = await rig.query({ sql })
    assert.deepEqual(essence(found), essence(await local.query({ sql })))
    assert.deepEqual(found.rows[0]?.slice(1), ['e u', null])
    assert.equal(await cached(), 1)
  })

  it('are joined with a topic that is read whole', async () => {
    const { rig } = await openRemote()
    const sql = `SELECT a.record_offset, count(*) FROM orders a JOIN orders b ON b.record_offset > a.record_offset
      WHERE a.record_key = to_utf8('key-4') GROUP BY 1 ORDER BY 1`
    assert.deepEqual(essence(await rig.query({ sql })), essence(await local.query({ sql })))
  })

  it('are refused where a page is damaged, the object is gone, or holds something else', async () => {
    const { rig } = await openRemote()
    const sql = "SELECT * FROM orders WHERE record_key = to_utf8('key-4')"
    remote.spoil = (_, bytes) => {
      if (bytes.length < 100_000) return bytes
      const spoiled = Buffer.from(bytes)
      spoiled.writeUInt8(spoiled[50_000]! ^ 1, 50_000)
      return spoiled
    }
    await assert.rejects(rig.query({ sql }), { code: 'segment-damaged' })
    remote.spoil = null
    const [first, second] = segments
    const swapped = new MemoryStore()
    for await (const { path } of remote.list('')) {
      if (path === second!.path) continue
      await swapped.createIfAbsent(path, [await remote.get(path === first!.path ? second!.path : path)])
    }
    const other = await openRemote(swapped)
    await assert.rejects(other.rig.query({ sql, window: hourWindow(0) }), { code: 'segment-damaged' })
    await assert.rejects(other.rig.query({ sql, window: hourWindow(1) }), { code: 'segment-missing' })
  })

  it('are not read any more when the query is cancelled', async () => {
    const { rig } = await openRemote()
    const stop = new AbortController()
    remote.spoil = (_, bytes) => {
      stop.abort()
      return bytes
    }
    const sql = "SELECT * FROM orders WHERE record_key = to_utf8('key-4')"
    await assert.rejects(rig.query({ sql }, stop.signal), { code: 'query-cancelled' })
  })
})

function hourWindow(hour: number) {
  const fromMicros = BigInt(NINE + hour * HOUR_MS) * 1000n
  return { fromMicros, untilMicros: fromMicros + BigInt(HOUR_MS) * 1000n }
}
