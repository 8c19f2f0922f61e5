import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DamagedDataError } from '../../../src/errors.ts'
import { attributeBits, sealBatch } from '../../../src/format/record-batch/batch-header.ts'
import {
  type AbortedTransaction,
  type CorruptBatches,
  committedRuns,
  encodeBatch,
  RecordEncoder,
} from '../../../src/format/record-batch/index.ts'

interface Sketch {
  /** Base offset. */
  at: bigint
  /** Offsets the batch stands for; 1 unless told. */
  offsets?: number
  /** Producer of a transaction. */
  txn?: bigint
  /** Marker of that producer's transaction. */
  marker?: boolean
  empty?: boolean
  broken?: boolean
}

/** Batches of which only what the filter looks at matters. */
function log(...sketches: Sketch[]): Buffer {
  return Buffer.concat(sketches.map(batchOf))
}

function batchOf({ at, offsets = 1, txn, marker = false, empty = false, broken = false }: Sketch): Buffer {
  const encoder = new RecordEncoder()
  for (let row = 0; row < (empty ? 0 : offsets); row += 1) {
    encoder.appendRecord({ key: null, value: Buffer.from('v'), headers: [], timestampMs: 0 })
  }
  const block = { ...encoder.finish(), baseOffset: at, lastOffset: at + BigInt(offsets - 1) }
  const batch = encodeBatch(block, {
    codec: 'none',
    producerId: txn ?? -1n,
    producerEpoch: 0,
    baseSequence: 0,
    transactional: txn !== undefined,
  })
  if (marker) batch.writeInt16BE(batch.readInt16BE(21) | attributeBits.control, 21)
  batch.writeInt32BE(9, 12)
  sealBatch(batch)
  if (broken) batch[batch.length - 1]! ^= 1
  return batch
}

/** The runs in short: `5-7 records`, `8-8 control`. */
function read(
  bytes: Buffer,
  from: bigint,
  aborted: AbortedTransaction[] = [],
  corruptBatches: CorruptBatches = 'refuse',
): { runs: string[]; next: bigint } {
  const { runs, next } = committedRuns({ topic: 'orders', partition: 3, from, bytes, aborted }, corruptBatches)
  return {
    next,
    runs: runs.map((run) =>
      run.kind === 'records'
        ? `${run.block.baseOffset}-${run.block.lastOffset} records`
        : `${run.firstOffset}-${run.lastOffset} ${run.reason}`,
    ),
  }
}

test('batches follow each other; the next offset is behind the last one, not behind the number of records', () => {
  assert.deepEqual(read(log({ at: 0n, offsets: 3 }, { at: 3n, offsets: 5, empty: true }, { at: 8n }), 0n), {
    runs: ['0-2 records', '3-7 compacted', '8-8 records'],
    next: 9n,
  })
})

test('nothing fetched leaves the position where it is', () => {
  assert.deepEqual(read(Buffer.alloc(0), 7n), { runs: [], next: 7n })
})

test('a batch wholly below the position is passed over, one that reaches over it is delivered', () => {
  assert.deepEqual(read(log({ at: 0n, offsets: 3 }, { at: 3n, offsets: 5 }), 5n), { runs: ['3-7 records'], next: 8n })
})

test('a batch that is cut off is left for the next fetch', () => {
  const bytes = log({ at: 0n, offsets: 3 }, { at: 3n, offsets: 5 })
  assert.deepEqual(read(bytes.subarray(0, bytes.length - 1), 0n), { runs: ['0-2 records'], next: 3n })
  assert.deepEqual(read(bytes.subarray(0, 90), 0n).next, 3n)
  assert.deepEqual(read(bytes.subarray(0, 20), 0n), { runs: [], next: 0n })
})

test('offsets of whole batches that are gone are a compacted gap, also before the first batch', () => {
  assert.deepEqual(read(log({ at: 4n }, { at: 9n }), 2n), {
    runs: ['2-3 compacted', '4-4 records', '5-8 compacted', '9-9 records'],
    next: 10n,
  })
})

test('records of aborted transactions are gaps until that producer ends it; other producers go on', () => {
  const bytes = log(
    { at: 0n, offsets: 2, txn: 1n },
    { at: 2n, offsets: 2, txn: 2n },
    { at: 4n, offsets: 2 },
    { at: 6n, offsets: 2, txn: 1n },
    { at: 8n, txn: 1n, marker: true },
    { at: 9n, offsets: 2, txn: 1n },
    { at: 11n, txn: 2n, marker: true },
    { at: 12n, txn: 1n, marker: true },
    { at: 13n, txn: 1n },
    { at: 14n, txn: 1n, marker: true },
  )
  const aborted = [
    { producerId: 1n, firstOffset: 13n },
    { producerId: 1n, firstOffset: 0n },
  ]
  assert.deepEqual(read(bytes, 0n, aborted), {
    runs: [
      '0-1 aborted',
      '2-3 records',
      '4-5 records',
      '6-7 aborted',
      '8-8 control',
      '9-10 records',
      '11-12 control',
      '13-13 aborted',
      '14-14 control',
    ],
    next: 15n,
  })
})

test('a fetch that begins within an aborted transaction knows it from the list', () => {
  const bytes = log({ at: 6n, txn: 1n }, { at: 7n, txn: 1n, marker: true }, { at: 8n, txn: 1n })
  assert.deepEqual(read(bytes, 6n, [{ producerId: 1n, firstOffset: 0n }]).runs, [
    '6-6 aborted',
    '7-7 control',
    '8-8 records',
  ])
})

test('records outside of transactions stay, though their producer has an aborted one', () => {
  const bytes = log({ at: 0n, txn: 1n }, { at: 1n, txn: 1n, marker: true }, { at: 2n })
  assert.deepEqual(read(bytes, 0n, [{ producerId: 1n, firstOffset: 0n }]).runs, [
    '0-0 aborted',
    '1-1 control',
    '2-2 records',
  ])
})

test('a marker that compaction emptied is still a control gap', () => {
  assert.deepEqual(read(log({ at: 0n, txn: 1n, marker: true, empty: true }), 0n).runs, ['0-0 control'])
})

test('a batch whose CRC does not hold is refused with topic, partition and offsets', () => {
  assert.throws(
    () => read(log({ at: 1n, offsets: 4, broken: true }, { at: 5n }), 1n),
    (error) =>
      error instanceof DamagedDataError &&
      error.code === 'batch-corrupt' &&
      error.message.includes('orders-3') &&
      error.details.offset === '1' &&
      error.details.lastOffset === '4',
  )
})

test('what comes before a batch that is refused is delivered first', () => {
  const bytes = log({ at: 0n }, { at: 1n, offsets: 4, broken: true }, { at: 5n })
  assert.deepEqual(read(bytes, 0n), { runs: ['0-0 records'], next: 1n })
})

test('where it is asked for, a corrupt batch is a gap that ends where the next batch begins', () => {
  const bytes = log({ at: 0n }, { at: 1n, offsets: 4, broken: true }, { at: 5n })
  assert.deepEqual(read(bytes, 0n, [], 'gap').runs, ['0-0 records', '1-4 corrupt', '5-5 records'])
})

test('a corrupt batch at the end is left for the next fetch, and passed by its own account when it is alone', () => {
  const broken = { at: 1n, offsets: 4, broken: true }
  assert.deepEqual(read(log({ at: 0n }, broken), 0n, [], 'gap'), { runs: ['0-0 records'], next: 1n })
  assert.deepEqual(read(log(broken), 1n, [], 'gap'), { runs: ['1-4 corrupt'], next: 5n })
})

test('a corrupt batch that claims to end below the position is refused, since reading could never pass it', () => {
  assert.throws(() => read(log({ at: 1n, offsets: 2, broken: true }), 6n, [], 'gap'), { code: 'batch-corrupt' })
})

test('batches that overlap are refused', () => {
  assert.throws(() => read(log({ at: 0n, offsets: 5 }, { at: 3n, offsets: 5 }), 0n), { code: 'batch-overlap' })
})

test('older record formats and impossible headers are refused', () => {
  const old = log({ at: 0n })
  old[16] = 1
  assert.throws(() => read(old, 0n), { code: 'batch-malformed' })
  const short = log({ at: 0n })
  short.writeInt32BE(10, 8)
  assert.throws(() => read(short, 0n), { code: 'batch-malformed' })
  const codec = log({ at: 0n })
  codec.writeInt16BE(6, 21)
  sealBatch(codec)
  assert.throws(() => read(codec, 0n), { code: 'batch-malformed' })
  const count = log({ at: 0n })
  count.writeInt32BE(2, 57)
  sealBatch(count)
  assert.throws(() => read(count, 0n), { code: 'batch-malformed' })
})
