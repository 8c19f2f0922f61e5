import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parquetDescriber } from '../../../src/archive/commit/parquet-describer.ts'
import { sha256Of, sourceOf } from '../../../src/archive/commit/stored-object.ts'
import { BufferPool, SegmentWriter } from '../../../src/format/parquet/index.ts'
import type { RecordView } from '../../../src/format/record-view.ts'
import { MemoryStore } from '../../catalog/memory-store.ts'

const identity = { topic: 't', incarnation: 3, partition: 7, timestampType: 'create' } as const

function record(offsetDelta: number, timestampMs: number): RecordView {
  const bytes = Buffer.from('key and value')
  const places = { keyStart: 0, keyLength: 3, valueStart: 8, valueLength: 5, headersStart: 0, headerCount: 0 }
  return { bytes, baseOffset: 1000n, offsetDelta, timestampMs, ...places }
}

suite('the description of a Parquet segment', () => {
  for (const rows of [0, 1, 3000]) {
    test(`says of ${rows} rows what the writer said`, async () => {
      const writer = new SegmentWriter({ identity, codec: 'zstd', pool: new BufferPool(), rowGroupRows: 700 })
      const offsets = Array.from({ length: rows }, (_, i) => i * 3)
      for (const delta of offsets) writer.append(record(delta, 1_700_000_000_000 + ((delta * 7919) % 10_007)))
      const finished = writer.finish()
      const store = new MemoryStore()
      await store.createIfAbsent('s.parquet', finished.chunks)
      const info = { path: 's.parquet', bytes: finished.bytes }
      const description = await parquetDescriber.describe(sourceOf(store, info))
      assert.deepEqual(description.identity, identity)
      assert.deepEqual(
        [...description.offsets],
        offsets.map((delta) => BigInt(1000 + delta)),
      )
      assert.equal(description.minTimestampMs, finished.minTimestampMs)
      assert.equal(description.maxTimestampMs, finished.maxTimestampMs)
      assert.equal(await sha256Of(store, info), finished.sha256)
    })
  }
})
