import assert from 'node:assert/strict'
import { hash, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { DamagedDataError } from '../../src/errors.ts'
import type { CommittedSegment } from '../../src/format/segment.ts'
import { verifiedBytes } from '../../src/replay/read/checked-object.ts'
import { MemoryStore } from '../catalog/memory-store.ts'

const mebibyte = 1024 * 1024

function segmentOf(bytes: Buffer): CommittedSegment {
  const rows = { firstOffset: 7n, lastOffset: 9n, records: 3, minTimestampMs: 0, maxTimestampMs: 0 }
  return { path: 'topics/orders/a.parquet', ...rows, bytes: bytes.length, sha256: hash('sha256', bytes, 'hex') }
}

for (const size of [mebibyte, 33 * mebibyte + 1]) {
  describe(`an object of ${size} bytes that a commit speaks of`, () => {
    const bytes = randomBytes(size)
    const segment = segmentOf(bytes)

    const refused = async (stored: Buffer | null, code: string): Promise<void> => {
      const store = new MemoryStore()
      if (stored !== null) await store.createIfAbsent(segment.path, [stored])
      await assert.rejects(verifiedBytes(store, segment), (error: unknown) => {
        assert.ok(error instanceof DamagedDataError)
        assert.equal(error.code, code)
        assert.match(error.message, /topics\/orders\/a\.parquet \(offsets 7 to 9\)/)
        return true
      })
    }

    it('is read where its bytes are those', async () => {
      const store = new MemoryStore()
      await store.createIfAbsent(segment.path, [bytes])
      const read = await verifiedBytes(store, segment)
      assert.ok((await read(0, 12)).equals(bytes.subarray(0, 12)))
      assert.ok((await read(size - 9, size)).equals(bytes.subarray(size - 9)))
    })

    it('is refused by name when its last byte differs, when it is shorter or longer, and when it is not there', async () => {
      const changed = Buffer.from(bytes)
      changed[size - 1]! ^= 1
      await refused(changed, 'segment-damaged')
      await refused(bytes.subarray(0, size - 1), 'segment-damaged')
      await refused(Buffer.concat([bytes, Buffer.of(0)]), 'segment-damaged')
      await refused(null, 'segment-missing')
    })
  })
}
