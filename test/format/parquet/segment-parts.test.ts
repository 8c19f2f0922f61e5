import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type BatchColumn, SegmentReader } from '../../../src/format/parquet/index.ts'
import {
  batchRows,
  codecs,
  hexAt,
  openSegment,
  type Row,
  readRows,
  recordRuns,
  rowGroupRows,
  rowsOf,
  writeSegment,
} from './segment-kit.ts'

const pageRows = fc.integer({ min: 1, max: 20 })
/** What a segment is written from. */
const anySegment = [recordRuns({ headerKeys: 'any' }), rowGroupRows, pageRows, fc.constantFrom(...codecs)] as const

test('any pages of a row group give just their rows', async () => {
  await fc.assert(
    fc.asyncProperty(
      ...anySegment,
      fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
      async (records, rowGroupRows, pageRows, codec, chosen) => {
        const { file } = writeSegment(records, { codec, rowGroupRows, pageRows })
        const reader = await openSegment(file)
        const expected = rowsOf(records)
        let before = 0
        for (const [group, { rows }] of reader.rowGroups.entries()) {
          const pages = await reader.pagesOf(group)
          assert.equal(
            pages.reduce((sum, page) => sum + page.rows, 0),
            rows,
          )
          const some = pages.filter((_, i) => chosen[i])
          const columns: BatchColumn[] = ['offset', 'timestamp', 'key', 'value', 'headers']
          assert.deepEqual(
            batchRows(await reader.readPages(group, some, columns)),
            some.flatMap(({ firstRow, rows }) => expected.slice(before + firstRow, before + firstRow + rows)),
          )
          before += rows
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('page by page, a row group gives the rows that it gives as a whole, each page as one batch', async () => {
  await fc.assert(
    fc.asyncProperty(...anySegment, async (records, rowGroupRows, pageRows, codec) => {
      const reader = await openSegment(writeSegment(records, { codec, rowGroupRows, pageRows }).file)
      for (const group of reader.rowGroups.keys()) {
        const batches: Row[][] = []
        for await (const batch of reader.readByPages(group)) batches.push(batchRows(batch))
        assert.deepEqual(batches.flat(), batchRows(await reader.readRowGroup(group)))
        assert.deepEqual(
          batches.map((rows) => rows.length),
          (await reader.pagesOf(group)).map(({ rows }) => rows),
        )
      }
    }),
    { numRuns: 300 },
  )
})

test('read page by page, a batch cannot be looked at any more when the next one was asked for', async () => {
  const value = Buffer.alloc(20_000, 'x')
  const records = Array.from({ length: 20 }, (_, i) => {
    return { offset: BigInt(i), timestampMs: 1.7e12 + i, key: null, value, headers: [] }
  })
  const reader = await openSegment(writeSegment(records, { codec: 'zstd', pageRows: 10 }).file)
  const batches = reader.readByPages(0)
  const first = (await batches.next()).value!
  assert.deepEqual(hexAt(first.value, 0), value.toString('hex'))
  assert.equal((await batches.next()).value!.rows, 10)
  assert.throws(() => first.value.bytes.copy(Buffer.alloc(10), 0, first.value.start[0]!))
})

test('what is known of a page holds for each of its rows', async () => {
  await fc.assert(
    fc.asyncProperty(recordRuns(), rowGroupRows, pageRows, async (records, rowGroupRows, pageRows) => {
      const reader = await openSegment(writeSegment(records, { rowGroupRows, pageRows }).file)
      let before = 0
      for (const [group, { rows }] of reader.rowGroups.entries()) {
        for (const page of await reader.pagesOf(group)) {
          const inPage = records.slice(before + page.firstRow, before + page.firstRow + page.rows)
          assert.equal(inPage[0]!.offset, page.minOffset)
          assert.equal(inPage.at(-1)!.offset, page.maxOffset)
          for (const { timestampMs, key } of inPage) {
            const micros = BigInt(timestampMs) * 1000n
            assert.ok(micros >= page.minTimestampMicros && micros <= page.maxTimestampMicros)
            if (key === null) continue
            assert.ok(page.nullKeys < page.rows)
            assert.ok(page.minKey === null || Buffer.compare(page.minKey, key) <= 0)
            assert.ok(page.maxKey === null || Buffer.compare(key, page.maxKey) <= 0)
          }
        }
        before += rows
      }
    }),
    { numRuns: 300 },
  )
})

test('a probe of the bloom filter finds every key in its row group and hardly any other', async () => {
  const keyOf = (i: number): Buffer => Buffer.from(`customer-${i}`)
  const records = Array.from({ length: 9000 }, (_, i) => ({
    offset: BigInt(i),
    timestampMs: i,
    key: i % 10 === 0 ? null : keyOf(i),
    value: null,
    headers: [],
  }))
  const { file } = writeSegment(records, { rowGroupRows: 3000 })
  const read: [from: number, to: number][] = []
  const reader = await SegmentReader.open(
    {
      path: 'orders+7+0.parquet',
      bytes: file.length,
      read: async (from, to) => {
        read.push([from, to])
        return file.subarray(from, to)
      },
    },
    { tailBytes: 12 },
  )
  let wrong = 0
  for (const [group] of reader.rowGroups.entries()) {
    const keys = Array.from({ length: 9000 }, (_, i) => keyOf(i))
    const found = await reader.mayHoldKeys(group, keys)
    for (const [i, record] of records.entries()) {
      if (Math.floor(i / 3000) === group && record.key !== null) assert.ok(found[i], String(record.key))
      else if (found[i]) wrong++
    }
  }
  assert.ok(wrong < 0.05 * 3 * 6000, `${wrong} absent keys were taken for present`)
  read.length = 0
  await reader.mayHoldKeys(1, [keyOf(1)])
  assert.ok(read.reduce((sum, [from, to]) => sum + to - from, 0) < 1200, 'one key takes one block')
})

test('a footer that is longer than what is read first is read all the same', async () => {
  const records = Array.from({ length: 200 }, (_, i) => ({
    offset: BigInt(i),
    timestampMs: i,
    key: Buffer.from(`${i}`),
    value: null,
    headers: [],
  }))
  const { file } = writeSegment(records, { rowGroupRows: 20, pageRows: 5 })
  for (const tailBytes of [12, 100, 1000, file.length, file.length * 2]) {
    const read = async (from: number, to: number) => file.subarray(from, to)
    const reader = await SegmentReader.open({ path: 'a.parquet', bytes: file.length, read }, { tailBytes })
    assert.deepEqual(await readRows(reader), rowsOf(records))
    assert.equal((await reader.pagesOf(3)).length, 4)
  }
})
