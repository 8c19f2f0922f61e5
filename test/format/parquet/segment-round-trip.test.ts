import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { rowsByDuckdb, rowsByHyparquet, rowsByParquetjs, rowsByPyarrow } from './other-readers.ts'
import {
  codecs,
  identity,
  openSegment,
  readRows,
  recordRuns,
  rowGroupRows,
  rowsOf,
  type TestRecord,
  writeSegment,
} from './segment-kit.ts'

const codec = fc.constantFrom(...codecs)

test('any records come back byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(recordRuns({ headerKeys: 'any' }), codec, rowGroupRows, async (records, codec, rowGroupRows) => {
      const { file, finished } = writeSegment(records, { codec, rowGroupRows })
      const reader = await openSegment(file)
      assert.deepEqual(await readRows(reader), rowsOf(records))
      assert.deepEqual(
        [...(await reader.readOffsets())],
        records.map((record) => record.offset),
      )
      assert.deepEqual(reader.identity, identity)
      assert.equal(reader.records, records.length)
      assert.equal(reader.firstOffset, records[0]?.offset ?? 0n)
      assert.equal(reader.lastOffset, records.at(-1)?.offset ?? -1n)
      assert.equal(finished.bytes, file.length)
      assert.equal(finished.sha256, createHash('sha256').update(file).digest('hex'))
    }),
    { numRuns: 150 },
  )
})

test('what is said of a segment and of its row groups is true', async () => {
  await fc.assert(
    fc.asyncProperty(recordRuns(), rowGroupRows, async (records, rowGroupRows) => {
      const { file, finished } = writeSegment(records, { rowGroupRows })
      const stamps = records.map((record) => record.timestampMs)
      assert.equal(finished.records, records.length)
      assert.equal(finished.firstOffset, records[0]?.offset ?? 0n)
      assert.equal(finished.lastOffset, records.at(-1)?.offset ?? -1n)
      assert.equal(finished.minTimestampMs, records.length === 0 ? 0 : Math.min(...stamps))
      assert.equal(finished.maxTimestampMs, records.length === 0 ? 0 : Math.max(...stamps))

      let row = 0
      for (const group of (await openSegment(file)).rowGroups) {
        const part = records.slice(row, row + group.rows)
        const partStamps = part.map((record) => record.timestampMs)
        row += group.rows
        assert.ok(group.rows <= rowGroupRows)
        assert.equal(group.minOffset, part[0]!.offset)
        assert.equal(group.maxOffset, part.at(-1)!.offset)
        assert.equal(group.minTimestampMicros, BigInt(Math.min(...partStamps)) * 1000n)
        assert.equal(group.maxTimestampMicros, BigInt(Math.max(...partStamps)) * 1000n)
        const keys = part.flatMap(({ key }) => key ?? [])
        assert.equal(group.nullKeys, part.length - part.filter((record) => record.key !== null).length)
        if (part.every(({ key }) => key === null)) assert.equal(group.minKey, null)
        for (const { key } of part) {
          if (key === null) continue
          assert.ok(Buffer.compare(group.minKey!, key) <= 0, `${group.minKey} is above ${keys.length} keys' ${key}`)
          if (group.maxKey !== null) assert.ok(Buffer.compare(group.maxKey, key) >= 0)
        }
      }
      assert.equal(row, records.length)
    }),
    { numRuns: 100 },
  )
})

test('DuckDB reads every column of any segment', async () => {
  await fc.assert(
    fc.asyncProperty(recordRuns(), codec, rowGroupRows, async (records, codec, rowGroupRows) => {
      const { file } = writeSegment(records, { codec, rowGroupRows })
      assert.deepEqual(await rowsByDuckdb([file]), [rowsOf(records)])
    }),
    { numRuns: 30 },
  )
})

test('hyparquet reads every column of any segment', async () => {
  await fc.assert(
    fc.asyncProperty(recordRuns(), codec, rowGroupRows, async (records, codec, rowGroupRows) => {
      const { file } = writeSegment(records, { codec, rowGroupRows })
      assert.deepEqual(await rowsByHyparquet(file), rowsOf(records))
    }),
    { numRuns: 60 },
  )
})

test('pyarrow reads every column of any segment', async () => {
  const segments = fc.array(fc.tuple(recordRuns(), codec, rowGroupRows), { minLength: 20, maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(segments, async (segments) => {
      const files = segments.map(
        ([records, codec, rowGroupRows]) => writeSegment(records, { codec, rowGroupRows }).file,
      )
      assert.deepEqual(
        await rowsByPyarrow(files),
        segments.map(([records]) => rowsOf(records)),
      )
    }),
    { numRuns: 2 },
  )
})

test('parquetjs-lite reads every column of a segment without zstd', async () => {
  const runs = recordRuns({ maxOffset: 2n ** 50n, dates: true })
  const codec = fc.constantFrom('snappy' as const, 'gzip' as const, 'none' as const)
  await fc.assert(
    fc.asyncProperty(runs, codec, rowGroupRows, async (records, codec, rowGroupRows) => {
      const { file } = writeSegment(records, { codec, rowGroupRows })
      assert.deepEqual(await rowsByParquetjs(file), rowsOf(records))
    }),
    { numRuns: 60 },
  )
})

test('a segment of several row groups with several pages each is the same to all readers', async () => {
  const records = Array.from({ length: 45_000 }, (_, i): TestRecord => {
    const header = { key: Buffer.from(`größe${i % 3}`), value: i % 4 === 0 ? null : Buffer.from(`${i}`) }
    return {
      offset: 2n ** 40n + BigInt(i * 3),
      timestampMs: 1.7e12 - i * 7,
      key: i % 5 === 0 ? null : Buffer.from(`key-${(i * 7919) % 1000}`),
      value: i % 7 === 0 ? null : Buffer.from(`{"n":${i}}`),
      headers: Array.from({ length: i % 3 }, () => header),
    }
  })
  const expected = rowsOf(records)
  const { file } = writeSegment(records, { codec: 'snappy', rowGroupRows: 40_000 })
  assert.deepEqual(await readRows(await openSegment(file)), expected)
  assert.deepEqual((await rowsByPyarrow([file]))[0], expected)
  assert.deepEqual((await rowsByDuckdb([file]))[0], expected)
  assert.deepEqual(await rowsByHyparquet(file), expected)
  assert.deepEqual(await rowsByParquetjs(file), expected)
})
