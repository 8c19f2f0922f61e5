import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DamagedDataError } from '../../../src/errors.ts'
import { BufferPool, SegmentWriter } from '../../../src/format/parquet/index.ts'
import { identity, openSegment, readRows, rowsOf, type TestRecord, viewOf } from './segment-kit.ts'

const record = (offset: bigint, rest: Partial<TestRecord> = {}): TestRecord => ({
  offset,
  timestampMs: 1.7e12,
  key: Buffer.from('key'),
  value: Buffer.from('value'),
  headers: [{ key: Buffer.from('h'), value: Buffer.from('v') }],
  ...rest,
})

function newWriter(pool = new BufferPool()): SegmentWriter {
  return new SegmentWriter({ identity, codec: 'zstd', pool })
}

test('a record that does not hold together is refused and leaves the segment as it was', async () => {
  const writer = newWriter()
  const good = [record(10n), record(12n)]
  writer.append(viewOf(good[0]!))
  const view = viewOf(record(11n))
  const bad = {
    'an offset that was there': viewOf(record(10n)),
    'a lower offset': viewOf(record(9n)),
    'an offset below its batch': { ...view, baseOffset: 20n, offsetDelta: -1 },
    'a key beyond the payload': { ...view, keyLength: 10_000 },
    'a value beyond the payload': { ...view, valueStart: view.bytes.length - 1, valueLength: 2 },
    'more headers than bytes': { ...view, headerCount: 2 },
    'a header key that is null': {
      ...view,
      bytes: Buffer.from([1, 0]),
      headersStart: 0,
      keyLength: -1,
      valueLength: -1,
    },
    'a length that does not end': { ...view, bytes: Buffer.alloc(40, 0xff), headersStart: 0 },
    'a timestamp beyond a date': { ...view, timestampMs: 8.64e15 + 2 },
    'a timestamp that is no number': { ...view, timestampMs: Number.NaN },
  }
  for (const [what, damaged] of Object.entries(bad)) {
    assert.throws(
      () => writer.append(damaged),
      (error: unknown) => error instanceof DamagedDataError && error.code === 'record-damaged',
      what,
    )
  }
  writer.append(viewOf(good[1]!))
  assert.equal(writer.rows, 2)
  const reader = await openSegment(Buffer.concat(writer.finish().chunks))
  assert.deepEqual(await readRows(reader), rowsOf(good))
})

test('what a writer says of itself is right at every record', () => {
  const writer = newWriter()
  assert.deepEqual(
    [writer.rows, writer.firstOffset, writer.lastOffset, writer.minTimestampMs, writer.maxTimestampMs],
    [0, 0n, -1n, 0, 0],
  )
  const large = Buffer.alloc(300_000, 'large enough to end pages')
  for (let i = 0; i < 10; i++) {
    writer.append(viewOf(record(BigInt(5 + i * 2), { timestampMs: i % 2 === 0 ? i : -i, value: large })))
    assert.deepEqual([writer.rows, writer.firstOffset, writer.lastOffset], [i + 1, 5n, BigInt(5 + i * 2)])
    const last = i % 2 === 0 ? i : i - 1
    assert.equal(writer.maxTimestampMs, last)
    assert.equal(writer.minTimestampMs, i === 0 ? 0 : -(i % 2 === 0 ? i - 1 : i))
  }
})

test('deltas above 32 bits and any base offset add up exactly', async () => {
  const offsets = [0n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 40n + 5n, 2n ** 53n + 1n, 2n ** 62n + 3n]
  for (const base of [0n, 1n, 2n ** 32n - 1n, 2n ** 53n - 7n]) {
    const writer = newWriter()
    const above = offsets.filter((offset) => offset >= base && offset - base < 2n ** 50n)
    for (const offset of above) writer.append(viewOf(record(offset), base))
    const reader = await openSegment(Buffer.concat(writer.finish().chunks))
    assert.deepEqual([...(await reader.readOffsets())], above)
  }
})

test('all memory goes back to the pool, and the next segment takes it from there', () => {
  const pool = new BufferPool()
  const fill = () => {
    const writer = newWriter(pool)
    for (let i = 0; i < 30_000; i++) writer.append(viewOf(record(BigInt(i))))
    return writer
  }
  const first = fill()
  assert.ok(pool.lentBytes > 0)
  assert.ok(first.heldBytes >= pool.lentBytes)
  first.finish()
  assert.equal(pool.lentBytes, 0)
  const { idleBytes } = pool
  fill().finish()
  assert.equal(pool.lentBytes, 0)
  assert.equal(pool.idleBytes, idleBytes)
})

test('the pool keeps no more than it may', () => {
  const pool = new BufferPool({ maxIdleBytes: 100_000 })
  const buffers = Array.from({ length: 10 }, () => pool.take(30_000))
  for (const buffer of buffers) pool.give(buffer)
  assert.equal(pool.lentBytes, 0)
  assert.equal(pool.idleBytes, 3 * 32_768)
})

test('600 open segments of some hundred records each hold less than 200 MB', () => {
  const pool = new BufferPool()
  const writers = Array.from({ length: 600 }, () => newWriter(pool))
  const view = viewOf(record(0n, { value: Buffer.alloc(180, 'x') }))
  for (const writer of writers) {
    for (let i = 0; i < 500; i++) writer.append({ ...view, offsetDelta: i })
  }
  const held = writers.reduce((sum, writer) => sum + writer.heldBytes, 0)
  assert.ok(held >= pool.lentBytes)
  assert.ok(held < 200e6, `${held} bytes are held`)
})
