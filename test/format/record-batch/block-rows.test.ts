import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  BlockRows,
  blockOf,
  encodeBatch,
  RecordEncoder,
  readBatchHeader,
} from '../../../src/format/record-batch/index.ts'
import type { BinaryColumn, RowBatch } from '../../../src/format/row-batch.ts'
import type { RecordBlock } from '../../../src/ports/record-block.ts'
import { allCodecs, anyRecords, type PlainRecord, type ReadRecord, readAll } from './samples.ts'

const plain = { producerId: -1n, producerEpoch: -1, baseSequence: -1, transactional: false }

/** A block as a broker delivers it, compressed, its records at offsets from `baseOffset`. */
function blockAt(records: readonly PlainRecord[], codec: (typeof allCodecs)[number], baseOffset: bigint): RecordBlock {
  const encoder = new RecordEncoder()
  for (const record of records) encoder.appendRecord(record)
  const batch = encodeBatch(encoder.finish(), { ...plain, codec })
  batch.writeBigInt64BE(baseOffset, 0)
  return blockOf(batch, readBatchHeader(batch, { topic: 'orders', partition: 3 }))
}

function recordsOf(batch: RowBatch): ReadRecord[] {
  const field = ({ bytes, start, length }: BinaryColumn, at: number): Buffer | null =>
    length[at]! < 0 ? null : Buffer.from(bytes.subarray(start[at]!, start[at]! + length[at]!))
  const { first, keys, values } = batch.headers
  assert.equal(batch.offset.length, batch.rows)
  assert.equal(first.length, batch.rows + 1)
  return Array.from(batch.offset, (offset, row) => ({
    offset,
    timestampMs: Number(batch.timestampMicros[row]! / 1000n),
    key: field(batch.key, row),
    value: field(batch.value, row),
    headers: Array.from({ length: first[row + 1]! - first[row]! }, (_, index) => ({
      key: field(keys, first[row]! + index)!,
      value: field(values, first[row]! + index),
    })),
  }))
}

const baseOffsets = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: 2n ** 62n }))

test('the rows of a block are what a cursor reads from it, within the offsets that are asked for', () => {
  const rows = new BlockRows(3)
  const windows = fc.tuple(fc.integer({ min: -3, max: 70 }), fc.integer({ min: -3, max: 70 }))
  fc.assert(
    fc.property(anyRecords, fc.constantFrom(...allCodecs), baseOffsets, windows, (records, codec, base, [from, to]) => {
      const block = blockAt(records, codec, base)
      const [first, end] = [base + BigInt(from), base + BigInt(to)]
      const expected = readAll(block).filter(({ offset }) => offset >= first && offset < end)
      const batch = rows.take(block, first, end)
      assert.equal(batch.partition, 3)
      assert.deepEqual(recordsOf(batch), expected)
    }),
    { numRuns: 200 },
  )
})

test('rows of a block, appended to an encoder, are the same records again', () => {
  const rows = new BlockRows(0)
  fc.assert(
    fc.property(anyRecords, (records) => {
      const block = blockAt(records, 'zstd', 7n)
      const batch = rows.take(block, 0n, 2n ** 62n)
      const encoder = new RecordEncoder()
      for (let row = 0; row < batch.rows; row += 1) encoder.append(batch, row)
      assert.deepEqual(
        readAll(encoder.finish()).map(({ offset, ...record }) => record),
        records.map((record) => ({ ...record })),
      )
    }),
  )
})

test('append time is every row’s, and a timestamp that is no date is refused by its offset', () => {
  const rows = new BlockRows(0)
  const records = [1, 2].map((timestampMs) => ({ timestampMs, key: null, value: null, headers: [] }))
  const block = blockAt(records, 'none', 40n)
  assert.deepEqual([...rows.take({ ...block, appendTimestampMs: 5n }, 0n, 50n).timestampMicros], [5_000n, 5_000n])
  const astray = { ...block, baseTimestampMs: 1_700_000_000_000_000_000n }
  assert.throws(() => rows.take(astray, 41n, 50n), { code: 'timestamp-not-representable', message: /offset 41/ })
  assert.deepEqual([...rows.take(astray, 50n, 60n).offset], [])
})
