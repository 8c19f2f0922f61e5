import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  blockOf,
  crcHolds,
  encodeBatch,
  RecordCursor,
  RecordEncoder,
  readBatchHeader,
} from '../../../src/format/record-batch/index.ts'
import type { Codec } from '../../../src/ports/record-block.ts'
import { allCodecs, anyRecords, type PlainRecord, readAll, rowsOf } from './samples.ts'

const place = { topic: 'orders', partition: 3 }
const plain = { producerId: -1n, producerEpoch: -1, baseSequence: -1, transactional: false }
const now = 1_790_000_000_000

/** kafkajs's own reader of batches, a judge that shares no code with ours. */
const require = createRequire(import.meta.url)
const KafkaJsDecoder = require('kafkajs/src/protocol/decoder.js') as new (
  bytes: Buffer,
) => { slice(size: number): unknown }
const decodeByKafkaJs = require('kafkajs/src/protocol/recordBatch/v0/decoder.js') as (decoder: object) => Promise<{
  firstOffset: string
  maxTimestamp: string
  producerId: string
  producerEpoch: number
  firstSequence: number
  inTransaction: boolean
  records: { offset: string; timestamp: string; key: Buffer | null; value: Buffer | null; headers: object }[]
}>

function encode(records: readonly PlainRecord[], encoder = new RecordEncoder(16)): ReturnType<RecordEncoder['finish']> {
  const rows = rowsOf(records)
  for (let row = 0; row < rows.rows; row += 1) encoder.append(rows, row)
  return encoder.finish()
}

const maxOf = (records: readonly PlainRecord[]): number => Math.max(...records.map((record) => record.timestampMs))

test('what goes into a batch comes out of it, with every codec', () => {
  const encoder = new RecordEncoder(16)
  const cursor = new RecordCursor()
  fc.assert(
    fc.property(anyRecords, fc.constantFrom(...allCodecs), (records, codec) => {
      const batch = encodeBatch(encode(records, encoder), { ...plain, codec })
      assert.ok(crcHolds(batch))
      const header = readBatchHeader(batch, place)
      assert.equal(header.lastOffset, BigInt(records.length - 1))
      assert.equal(header.maxTimestampMs, BigInt(maxOf(records)))
      assert.deepEqual(
        readAll(blockOf(batch, header), cursor),
        records.map((record, row) => ({ offset: BigInt(row), ...record })),
      )
    }),
    { numRuns: 150 },
  )
})

test('a record appended alone gives the bytes of the same record appended from columns', () => {
  fc.assert(
    fc.property(anyRecords, (records) => {
      const encoder = new RecordEncoder()
      for (const record of records) encoder.appendRecord(record)
      assert.equal(encoder.count, records.length)
      const block = encoder.finish()
      assert.deepEqual(block, encode(records))
    }),
  )
})

test('a batch that is compressed already is passed on as it is, another codec is recompressed', () => {
  const records = [{ timestampMs: now, key: null, value: Buffer.alloc(5_000, 'x'), headers: [] }]
  const block = encode(records)
  for (const first of allCodecs) {
    const compressed = blockOf(...opened(encodeBatch(block, { ...plain, codec: first })))
    for (const second of allCodecs) {
      const again = blockOf(...opened(encodeBatch(compressed, { ...plain, codec: second })))
      assert.equal(again.codec, second)
      if (first === second) assert.deepEqual(again.payload, compressed.payload)
      assert.deepEqual(readAll(again), readAll(block))
    }
  }
})

function opened(batch: Buffer): [Buffer, ReturnType<typeof readBatchHeader>] {
  return [batch, readBatchHeader(batch, place)]
}

for (const codec of ['none', 'gzip'] satisfies Codec[]) {
  test(`kafkajs reads what we wrote: ${codec}`, async () => {
    await fc.assert(
      fc.asyncProperty(anyRecords, async (records) => {
        const options = { codec, producerId: 77n, producerEpoch: 5, baseSequence: 1234, transactional: true }
        const read = await decodeByKafkaJs(new KafkaJsDecoder(encodeBatch(encode(records), options)))
        assert.equal(read.producerId, '77')
        assert.equal(read.producerEpoch, 5)
        assert.equal(read.firstSequence, 1234)
        assert.ok(read.inTransaction)
        assert.equal(read.maxTimestamp, String(maxOf(records)))
        assert.deepEqual(
          read.records.map(({ offset, timestamp, key, value }) => ({ offset, timestamp, key, value })),
          records.map(({ timestampMs, key, value }, row) => ({
            offset: String(row),
            timestamp: String(timestampMs),
            key,
            value,
          })),
        )
      }),
      { numRuns: 50 },
    )
  })
}

test('an encoder without records gives an empty block', () => {
  const block = new RecordEncoder().finish()
  assert.equal(block.count, 0)
  assert.equal(block.lastOffset, -1n)
  assert.deepEqual(readAll(block), [])
})

test('timestamps between two milliseconds are rounded down, also before 1970', () => {
  const rows = rowsOf([
    { timestampMs: 0, key: null, value: null, headers: [] },
    { timestampMs: 0, key: null, value: null, headers: [] },
    { timestampMs: 0, key: null, value: null, headers: [] },
  ])
  rows.timestampMicros.set([1_999n, -1n, -8_639_999_999_999_999_001n])
  const encoder = new RecordEncoder()
  for (let row = 0; row < 3; row += 1) encoder.append(rows, row)
  assert.deepEqual(
    readAll(encoder.finish()).map((record) => record.timestampMs),
    [1, -1, -8.64e15],
  )
})
