import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { CommittedSegment } from '../../src/format/segment.ts'
import { KeptReaders } from '../../src/query/kept-readers.ts'
import { mayHoldKeys } from '../../src/query/key-filters.ts'
import { MemoryStore } from '../catalog/memory-store.ts'
import { type ArchivedRecord, archiveRecords } from './archive.ts'
import { NINE } from './orders.ts'

const signal = new AbortController().signal
const SEGMENTS = 6
const ROWS = 60

/** Counts the bytes it gives. */
class CountingStore extends MemoryStore {
  bytesGiven = 0

  override async getRange(path: string, start: number, end: number): Promise<Buffer> {
    const found = await super.getRange(path, start, end)
    this.bytesGiven += found.length
    return found
  }
}

const keyOf = (segment: number, row: number): string => `${row % 2 === 0 ? 'a' : 'z'}-${segment}-${row}`

/** A segment an hour, each with keys of its own, between which all others' lie, and values that zstd cannot shorten. */
async function archive(): Promise<{ store: CountingStore; segments: CommittedSegment[] }> {
  const store = new CountingStore()
  const records = Array.from({ length: SEGMENTS * ROWS }, (_, index): ArchivedRecord => {
    const segment = Math.floor(index / ROWS)
    return {
      ...{ partition: 0, offset: BigInt(index), timestampMs: NINE + segment * 3_600_000, headers: [] },
      ...{ key: Buffer.from(keyOf(segment, index % ROWS)), value: randomBytes(2000) },
    }
  })
  const segments = await archiveRecords(store, 'orders', records)
  store.requests = 0
  store.bytesGiven = 0
  return { store, segments }
}

const keys = (...texts: string[]) => texts.map((text) => Buffer.from(text))

describe('The filters of keys', () => {
  it('leave out no segment that holds one of the keys, and most that hold none', async () => {
    const { store, segments } = await archive()
    const readers = new KeptReaders(store)
    const wanted = fc.uniqueArray(
      fc.record({ segment: fc.nat(SEGMENTS - 1), row: fc.nat(2 * ROWS) }).map(({ segment, row }) => ({
        text: keyOf(segment, row),
        heldBy: row < ROWS ? segment : null,
      })),
      { selector: ({ text }) => text, minLength: 1, maxLength: 3 },
    )
    let tooMany = 0
    let asked = 0
    await fc.assert(
      fc.asyncProperty(wanted, async (some) => {
        const left = await mayHoldKeys(readers, segments, keys(...some.map(({ text }) => text)), signal)
        const holders = new Set(some.flatMap(({ heldBy }) => heldBy ?? []))
        for (const holder of holders) assert.ok(left.includes(segments[holder]!), `segment ${holder} is left out`)
        tooMany += left.length - holders.size
        asked += SEGMENTS
      }),
      { numRuns: 200 },
    )
    assert.ok(tooMany < 0.15 * asked, `${tooMany} of ${asked}`)
  })

  it('answer for other keys without another request', async () => {
    const { store, segments } = await archive()
    const readers = new KeptReaders(store)
    assert.deepEqual(await mayHoldKeys(readers, segments, keys(keyOf(2, 4)), signal), [segments[2]])
    assert.ok(segments.every((segment) => readers.areKeptOf(segment)))
    store.requests = 0
    assert.deepEqual(await mayHoldKeys(readers, segments, keys(keyOf(4, 1)), signal), [segments[4]])
    assert.equal(store.requests, 0)
  })

  it('ask for a few bytes a segment, each time, where all together are more than may be kept', async () => {
    const { store, segments } = await archive()
    const readers = new KeptReaders(store, 3 * 17 * 1024)
    assert.equal(readers.haveRoomFor(segments), false)
    for (const segment of [1, 5]) {
      store.bytesGiven = 0
      assert.deepEqual(await mayHoldKeys(readers, segments, keys(keyOf(segment, 10)), signal), [segments[segment]])
      assert.ok(store.bytesGiven > 0 && store.bytesGiven <= SEGMENTS * 17 * 1024, `${store.bytesGiven} bytes`)
    }
    assert.ok(!segments.some((segment) => readers.areKeptOf(segment)))
  })

  it('let go of what was asked about longest ago', async () => {
    const { store, segments } = await archive()
    const readers = new KeptReaders(store, 3 * 17 * 1024)
    const ask = (...some: number[]) =>
      mayHoldKeys(
        readers,
        some.map((i) => segments[i]!),
        keys(keyOf(0, 0)),
        signal,
      )
    await ask(0, 1)
    await ask(2)
    await ask(0)
    await ask(3)
    assert.deepEqual(
      segments.map((segment) => readers.areKeptOf(segment)),
      [true, false, true, true, false, false],
    )
  })

  it('are not asked for what is spared, and take many keys to be anywhere', async () => {
    const { store, segments } = await archive()
    const readers = new KeptReaders(store)
    const many = Array.from({ length: 300 }, (_, i) => Buffer.from(`none-${i}`))
    assert.deepEqual(await mayHoldKeys(readers, segments, many, signal), segments)
    assert.deepEqual(await mayHoldKeys(readers, segments, keys('none'), signal, (segment) => segment === segments[3]), [
      segments[3],
    ])
    assert.ok(!readers.areKeptOf(segments[3]!))
  })

  it('tell of a segment whose end is not what it was', async () => {
    const { store, segments } = await archive()
    const whole = await store.get(segments[0]!.path)
    store.objects.set(segments[0]!.path, whole.subarray(0, whole.length - 1))
    const readers = new KeptReaders(store)
    await assert.rejects(mayHoldKeys(readers, segments, keys('none'), signal), { code: 'segment-damaged' })
    assert.ok(!readers.areKeptOf(segments[0]!))
  })
})
