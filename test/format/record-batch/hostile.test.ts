import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { ColdstreamError, DamagedDataError } from '../../../src/errors.ts'
import { sealBatch } from '../../../src/format/record-batch/batch-header.ts'
import {
  committedRuns,
  compress,
  decompress,
  encodeBatch,
  RecordCursor,
  RecordEncoder,
} from '../../../src/format/record-batch/index.ts'
import type { RecordBlock } from '../../../src/ports/record-block.ts'
import { allCodecs, anyRecords, readAll, rowsOf } from './samples.ts'

const maxBytes = 1024 * 1024
const plain = { producerId: -1n, producerEpoch: -1, baseSequence: -1, transactional: false }
const damaged = (code: string) => (error: unknown) => error instanceof DamagedDataError && error.code === code

/** Bytes put over others at random places, and a cut. */
const mutation = fc.record({
  edits: fc.array(fc.tuple(fc.nat({ max: 4_000 }), fc.nat({ max: 255 })), { maxLength: 6 }),
  cutTo: fc.option(fc.nat({ max: 4_000 })),
})

function mutate(
  bytes: Uint8Array,
  { edits, cutTo }: { edits: [number, number][]; cutTo: number | null },
  from = 0,
): Buffer {
  const mutated = Buffer.from(bytes)
  for (const [place, byte] of edits) mutated[from + (place % Math.max(1, mutated.length - from))] = byte
  return cutTo === null ? mutated : mutated.subarray(0, cutTo)
}

/** Runs what reads hostile bytes; anything but an error of our own is a failure. */
function onlyOurErrors(read: () => void): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof ColdstreamError)) throw error
  }
}

test('mutated payloads give records or one of our errors, with every codec', () => {
  const cursor = new RecordCursor(maxBytes)
  fc.assert(
    fc.property(anyRecords, mutation, fc.constantFrom(...allCodecs), (records, change, codec) => {
      const rows = rowsOf(records)
      const encoder = new RecordEncoder()
      for (let row = 0; row < rows.rows; row += 1) encoder.append(rows, row)
      const block = encoder.finish()
      const payload = mutate(compress(codec, block.payload), change)
      onlyOurErrors(() => readAll({ ...block, codec, payload }, cursor))
    }),
    { numRuns: 1_000 },
  )
})

test('mutated batches with a CRC that holds all the same give runs or one of our errors', () => {
  const cursor = new RecordCursor(maxBytes)
  fc.assert(
    fc.property(anyRecords, mutation, fc.constantFrom(...allCodecs), fc.boolean(), (records, change, codec, reseal) => {
      const encoder = new RecordEncoder()
      for (const record of records) encoder.appendRecord(record)
      const batch = mutate(encodeBatch(encoder.finish(), { ...plain, codec }), change, reseal ? 21 : 0)
      if (reseal && batch.length > 61) sealBatch(batch)
      onlyOurErrors(() => {
        const fetched = {
          topic: 't',
          partition: 0,
          from: 0n,
          bytes: batch,
          aborted: [{ producerId: -1n, firstOffset: 0n }],
        }
        for (const corruptBatches of ['refuse', 'gap'] as const) {
          const { runs, next } = committedRuns(fetched, corruptBatches)
          let expected = 0n
          for (const run of runs) {
            if (run.kind === 'gap') {
              assert.equal(run.firstOffset, expected)
              expected = run.lastOffset + 1n
            } else {
              readAll(run.block, cursor)
              expected = run.block.lastOffset + 1n
            }
          }
          assert.equal(next, expected)
        }
      })
    }),
    { numRuns: 1_000 },
  )
})

test('any bytes at all are decompressed, or refused with one of our errors', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...allCodecs), (bytes, codec) => {
      onlyOurErrors(() => assert.ok(decompress(codec, bytes, maxBytes).length <= maxBytes))
    }),
    { numRuns: 2_000 },
  )
})

test('a small payload that would decompress to a lot is refused before the memory is taken', () => {
  const size = 64 * maxBytes
  const bombs = {
    gzip: gzipSync(Buffer.alloc(size)),
    zstd: zstdCompressSync(Buffer.alloc(size)),
    snappy: compress('snappy', Buffer.alloc(size)),
    lz4: compress('lz4', Buffer.alloc(size)),
  }
  for (const [codec, bomb] of Object.entries(bombs)) {
    const named = allCodecs.find((name) => name === codec)!
    assert.ok(bomb.length < size / 15, `${codec} ${bomb.length}`)
    assert.throws(() => decompress(named, bomb, maxBytes), damaged('payload-too-large'), codec)
    assert.equal(decompress(named, bomb, size).length, size)
  }
})

test('a raw snappy block that claims four gigabytes is refused by its claim', () => {
  const claim = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00])
  assert.throws(() => decompress('snappy', claim, maxBytes), damaged('payload-too-large'))
})

test('an LZ4 frame that is cut anywhere is refused', () => {
  const frame = compress('lz4', Buffer.from('coldstream '.repeat(300)))
  for (let length = 0; length < frame.length; length += 1) {
    assert.throws(() => decompress('lz4', frame.subarray(0, length), maxBytes), damaged('payload-not-decompressible'))
  }
})

/** A block of hand-written records. */
function blockWith(payload: number[] | Buffer, more: Partial<RecordBlock> = {}): RecordBlock {
  return {
    baseOffset: 100n,
    lastOffset: 109n,
    baseTimestampMs: 1_000n,
    appendTimestampMs: null,
    maxTimestampMs: 1_000n,
    count: 1,
    codec: 'none',
    payload: Buffer.from(payload),
    ...more,
  }
}

const malformedRecords: Record<string, number[]> = {
  'a length beyond the end': [0x7e, 0, 0, 0, 1, 1, 0],
  'a negative length': [0x01, 0, 0, 0, 1, 1, 0],
  'no bytes at all': [],
  'a length without end': [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  'fields that end before the length': [0x0e, 0, 0, 0, 1, 1, 0, 0],
  'a key beyond the end': [0x0c, 0, 0, 0, 0x40, 1, 0],
  'a key length of -2': [0x0c, 0, 0, 0, 3, 1, 0],
  'a negative header count': [0x0c, 0, 0, 0, 1, 1, 1],
  'more headers than bytes': [0x14, 0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f],
  'a header without a key': [0x10, 0, 0, 0, 1, 1, 2, 1, 1],
  'an offset above the last one': [0x0c, 0, 0, 20, 1, 1, 0],
  'a negative offset delta': [0x0c, 0, 0, 1, 1, 1, 0],
  'a timestamp of more than 64 bits': [0x20, 0, ...Array.from({ length: 11 }, () => 0xff), 0, 1, 1, 0],
  'bytes after the last record': [0x0c, 0, 0, 0, 1, 1, 0, 0],
}

for (const [what, payload] of Object.entries(malformedRecords)) {
  test(`a record with ${what} is refused with its offset`, () => {
    assert.throws(
      () => readAll(blockWith(payload)),
      (error) =>
        damaged('record-malformed')(error) &&
        error instanceof DamagedDataError &&
        error.details.baseOffset === '100' &&
        /^10[01]$/.test(String(error.details.offset)),
    )
  })
}

test('a block whose payload is too large or no such thing is refused with its offsets', () => {
  const bomb = gzipSync(Buffer.alloc(2 * maxBytes))
  for (const [payload, code] of [
    [bomb, 'payload-too-large'],
    [Buffer.from('no gzip'), 'payload-not-decompressible'],
  ] as const) {
    assert.throws(
      () => new RecordCursor(maxBytes).open(blockWith(payload, { codec: 'gzip' })),
      (error) =>
        damaged(code)(error) &&
        error instanceof DamagedDataError &&
        error.details.offset === '100' &&
        error.message.startsWith('batch with offsets 100 to '),
    )
  }
})

test('records whose offsets do not rise are refused', () => {
  const record = [0x0c, 0, 0, 0, 1, 1, 0]
  assert.throws(() => readAll(blockWith([...record, ...record], { count: 2 })), damaged('record-malformed'))
})

test('fewer records than stated are refused', () => {
  assert.throws(() => readAll(blockWith([0x0c, 0, 0, 0, 1, 1, 0], { count: 2 })), damaged('record-malformed'))
})

test('a timestamp that is no date is given as it is', () => {
  const record = [0x0c, 0, 0, 4, 1, 1, 0]
  for (const baseTimestampMs of [8_640_000_000_000_001n, -8_640_000_000_000_000n, 2n ** 63n - 1n, -(2n ** 63n), -1n]) {
    assert.equal(readAll(blockWith(record, { baseTimestampMs }))[0]!.timestampMs, Number(baseTimestampMs))
    assert.equal(
      readAll(blockWith(record, { appendTimestampMs: baseTimestampMs }))[0]!.timestampMs,
      Number(baseTimestampMs),
    )
  }
})

test('a stamp of the broker stands for every record, whatever their deltas', () => {
  const payload = [0x0c, 0, 2, 0, 1, 1, 0, 0x0c, 0, 9, 2, 1, 1, 0]
  const records = readAll(blockWith(payload, { count: 2, appendTimestampMs: 5_000n }))
  assert.deepEqual(
    records.map((record) => record.timestampMs),
    [5_000, 5_000],
  )
})
