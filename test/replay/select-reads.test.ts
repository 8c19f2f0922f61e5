import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { DamagedDataError, NotFoundError } from '../../src/errors.ts'
import { SegmentReader } from '../../src/format/parquet/index.ts'
import type { CommittedSegment } from '../../src/format/segment.ts'
import type { RowCriteria } from '../../src/format/select/row-criteria.ts'
import { rowsOf, type TestRecord } from '../format/parquet/segment-kit.ts'
import { CountingStore, drain, everything, open, picking, putSegment } from './segment-store.ts'

/** A segment of four row groups of six pages; the keys of a row group are its own, in no order. */
const perGroup = 600
const records = Array.from({ length: 4 * perGroup }, (_, i): TestRecord => {
  const group = Math.floor(i / perGroup)
  return {
    offset: BigInt(1000 + 2 * i),
    timestampMs: 1.7e12 + i * 1000,
    key: Buffer.from(keyOf(group, i % perGroup)),
    value: createHash('shake256', { outputLength: 500 }).update(`${i}`).digest(),
    headers: [{ key: Buffer.from('trace'), value: Buffer.from(`${i % 400}`) }],
  }
})

function keyOf(group: number, row: number): string {
  return `${createHash('sha256')
    .update(`${group}/${row % 150}`)
    .digest('hex')
    .slice(0, 20)}`
}

/** Bytes that no codec makes much smaller. */
const noise = randomBytes(1_001_000)

const shape = { rowGroupRows: perGroup, pageRows: 100 }

function exact(...keys: string[]): RowCriteria {
  return { keys: { exact: keys.map((key) => Buffer.from(key)), prefixes: [] }, headers: [] }
}

function withKey(key: string): TestRecord[] {
  return records.filter((record) => record.key?.toString() === key)
}

async function readerOf(store: CountingStore, { path, bytes }: CommittedSegment): Promise<SegmentReader> {
  return await SegmentReader.open({
    path,
    bytes,
    read: async (from, to) => store.objects.get(path)!.subarray(from, to),
  })
}

describe('reading what is selected of a segment', () => {
  it('fetches under 2 % of many segments for a key that one of them holds', async () => {
    const store = new CountingStore()
    const segments = Array.from({ length: 100 }, (_, hour) =>
      putSegment(
        store,
        Array.from({ length: 1500 }, (_, i) => ({
          offset: BigInt(hour * 1500 + i),
          timestampMs: 1.7e12 + hour * 3_600_000 + i,
          key: Buffer.from(keyOf(hour, i)),
          value: noise.subarray((i * 700) % 1_000_000).subarray(0, 700),
          headers: [],
        })),
        { codec: 'snappy' },
      ),
    )
    const rows = []
    for (const segment of segments)
      rows.push(...(await drain(await open(store, segment, { criteria: exact(keyOf(17, 3)) }))))
    assert.deepEqual(
      rows.map(({ offset }) => Number(offset)),
      Array.from({ length: 10 }, (_, i) => 17 * 1500 + 3 + i * 150),
    )
    const archived = segments.reduce((sum, { bytes }) => sum + bytes, 0)
    const share = store.bytesRead / archived
    assert.ok(share < 0.02, `${(share * 100).toFixed(2)} % of ${archived} bytes`)
  })

  it('asks for an object once, whole, when all of its rows are wanted', async () => {
    const store = new CountingStore()
    const segment = putSegment(store, records, shape)
    assert.deepEqual(await drain(await open(store, segment, {})), rowsOf(records))
    assert.equal(store.requests, 1)
  })

  it('reads the pages of an offset window, not the others', async () => {
    const store = new CountingStore()
    const segment = putSegment(store, records, shape)
    const window = { ...everything, fromOffset: 1210n, untilOffset: 1390n }
    const rows = await drain(await open(store, segment, { window }))
    assert.deepEqual(rows, rowsOf(records.slice(105, 195)))
    assert.ok(store.bytesRead < segment.bytes / 12, `${store.bytesRead} of ${segment.bytes}`)
  })

  it('reads the pages of a time window, not the others', async () => {
    const store = new CountingStore()
    const segment = putSegment(store, records, shape)
    const window = { ...everything, fromTimestampMs: 1.7e12 + 700_000, untilTimestampMs: 1.7e12 + 800_000 }
    const rows = await drain(await open(store, segment, { window }))
    assert.deepEqual(rows, rowsOf(records.slice(700, 800)))
    assert.ok(store.bytesRead < segment.bytes / 12, `${store.bytesRead} of ${segment.bytes}`)
  })

  it('says by an empty batch that a row group was looked through', async () => {
    const store = new CountingStore()
    const segment = putSegment(store, records, shape)
    const headers = [
      { key: 'trace', value: Buffer.from('1') },
      { key: 'trace', value: Buffer.from('2') },
    ]
    const opened = await open(store, segment, { criteria: { keys: null, headers } })
    const batches: (number | null)[] = []
    do batches.push((await opened.next())?.rows ?? null)
    while (batches.at(-1) !== null)
    assert.deepEqual(batches, [0, 0, 0, 0, null])
  })

  it('asks a picker about a segment only if its keys do not rule it out', async () => {
    const store = new CountingStore()
    const segment = putSegment(store, records, shape)
    const asked: string[] = []
    const picker = picking(async ({ path }) => {
      asked.push(path)
      return new BigInt64Array([1000n, 1002n, 1300n])
    })
    assert.deepEqual(await drain(await open(store, segment, { criteria: exact('nobody'), picker })), [])
    assert.deepEqual(asked, [])
    const rows = await drain(await open(store, segment, { criteria: exact(keyOf(0, 0)), picker }))
    assert.deepEqual(rows, rowsOf([records[0]!, records[150]!]))
    assert.deepEqual(asked, [segment.path])
  })

  it('takes the copy that a picker has looked at, and asks the store only where that is not what was committed', async () => {
    const store = new CountingStore()
    const segment = putSegment(store, records, shape)
    const whole = store.objects.get(segment.path)!
    const damaged = Buffer.from(whole)
    damaged[5_000]! ^= 1
    const copies: [copy: Buffer | null, requests: number][] = [
      [whole, 0],
      [damaged, 1],
      [whole.subarray(1), 1],
      [null, 1],
    ]
    for (const [copy, requests] of copies) {
      store.requests = 0
      const pick = async () => new BigInt64Array([1002n, 2400n])
      const picker = { pick, looksAtCopies: true, copyOf: async () => copy }
      const rows = await drain(await open(store, segment, { picker }))
      assert.deepEqual(rows, rowsOf([records[1]!, records[700]!]))
      assert.equal(store.requests, requests)
    }
  })

  it('stops with the reason of its signal', async () => {
    const store = new CountingStore()
    const segment = putSegment(store, records, shape)
    const stop = new AbortController()
    const opened = await open(store, segment, { criteria: exact(keyOf(2, 5)), signal: stop.signal })
    stop.abort(new Error('no more'))
    await assert.rejects(opened.next(), /no more/)
    await assert.rejects(open(store, segment, { signal: stop.signal }), /no more/)
  })
})

describe('damage in a segment that is read in parts', () => {
  const key = keyOf(1, 7)

  /** The segment with one byte of a page's stored body changed. */
  async function withDamage(page: number, column: 'key' | 'value' | 'headerValue') {
    const store = new CountingStore()
    const segment = putSegment(store, records, shape)
    const pages = await (await readerOf(store, segment)).pagesOf(1)
    const bytes = Buffer.from(store.objects.get(segment.path)!)
    bytes[pages[page]!.chunks[column].endByte - 3]! ^= 4
    store.put(segment.path, bytes)
    return { store, segment }
  }

  it('is named with object and offsets when a selected row is in it', async () => {
    for (const column of ['key', 'value', 'headerValue'] as const) {
      const { store, segment } = await withDamage(0, column)
      const read = async () => await drain(await open(store, segment, { criteria: exact(key) }))
      await assert.rejects(read(), (error: unknown) => {
        assert.ok(error instanceof DamagedDataError)
        assert.equal(error.code, 'segment-damaged')
        const { path, firstOffset, lastOffset } = segment
        assert.deepEqual(error.details, { object: path, firstOffset: `${firstOffset}`, lastOffset: `${lastOffset}` })
        assert.match(error.message, /offsets 2200 to 2398/)
        return true
      })
    }
  })

  it('is named with object and offsets when a picker finds it', async () => {
    const store = new CountingStore()
    const segment = putSegment(store, records, shape)
    const picker = picking(() =>
      Promise.reject(new DamagedDataError('segment-unreadable', 'no Parquet', { remedy: 'Restore it.' })),
    )
    await assert.rejects(open(store, segment, { picker }), (error: unknown) => {
      assert.ok(error instanceof DamagedDataError)
      assert.equal(error.code, 'segment-damaged')
      assert.equal(error.details.object, segment.path)
      assert.match(error.message, /no Parquet/)
      return true
    })
  })

  it('is named with object and offsets when a picker cannot copy the segment', async () => {
    const store = new CountingStore()
    const segment = putSegment(store, records, shape)
    const troubles = [
      [new DamagedDataError('segment-damaged', 'not the checksum', { remedy: 'Restore it.' }), 'segment-damaged'],
      [new NotFoundError('object-not-found', 'gone', { remedy: 'Restore it.' }), 'segment-missing'],
    ] as const
    for (const [trouble, code] of troubles) {
      const picker = { pick: () => Promise.reject(trouble), looksAtCopies: true, copyOf: async () => null }
      await assert.rejects(open(store, segment, { picker }), (error: unknown) => {
        assert.ok(error instanceof DamagedDataError)
        assert.equal(error.code, code)
        assert.equal(error.details.object, segment.path)
        return true
      })
    }
  })

  it('does not matter in pages that nothing is selected of', async () => {
    const later = { ...everything, fromOffset: records[perGroup + 100]!.offset }
    const { store, segment } = await withDamage(0, 'value')
    const rows = await drain(await open(store, segment, { criteria: exact(key), window: later }))
    assert.deepEqual(rows, rowsOf(withKey(key).slice(1)))
  })

  it('is named when the object is shorter or longer than committed, another segment, or not there', async () => {
    const store = new CountingStore()
    const segment = putSegment(store, records, shape)
    const whole = store.objects.get(segment.path)!
    const refused = async (code: string, wrong: CommittedSegment = segment): Promise<void> => {
      const opening = open(store, wrong, { criteria: exact(key) })
      await assert.rejects(opening, (error: unknown) => {
        assert.ok(error instanceof DamagedDataError, String(error))
        assert.equal(error.code, code)
        assert.equal(error.details.object, segment.path)
        return true
      })
    }
    store.put(segment.path, whole.subarray(0, whole.length - 1))
    await refused('segment-damaged')
    store.put(segment.path, Buffer.concat([whole, Buffer.of(0)]))
    await refused('segment-damaged')
    store.put(segment.path, whole)
    await refused('segment-damaged', { ...segment, records: segment.records + 1 })
    await refused('segment-damaged', { ...segment, lastOffset: segment.lastOffset + 1n })
    await refused('segment-damaged', { ...segment, maxTimestampMs: segment.maxTimestampMs + 1 })
    await store.delete(segment.path)
    await refused('segment-missing')
  })

  it('is never passed over in silence, wherever in its pages a bit is flipped', async () => {
    const store = new CountingStore()
    const few = records.slice(0, 300)
    const segment = putSegment(store, few, { rowGroupRows: 150, pageRows: 50 })
    const whole = store.objects.get(segment.path)!
    const wanted = rowsOf(few.filter((record) => record.key?.toString() === keyOf(0, 7)))
    const pagesEnd = (await readerOf(store, segment)).rowGroups.at(-1)!.endByte
    for (let at = 4; at < pagesEnd; at += 97) {
      const bytes = Buffer.from(whole)
      bytes[at]! ^= 1 << (at % 8)
      store.put(segment.path, bytes)
      const [result] = await Promise.allSettled([open(store, segment, { criteria: exact(keyOf(0, 7)) }).then(drain)])
      if (result.status === 'fulfilled') assert.deepEqual(result.value, wanted, `byte ${at}`)
      else assert.ok(result.reason instanceof DamagedDataError, `byte ${at}: ${result.reason}`)
    }
  })
})
