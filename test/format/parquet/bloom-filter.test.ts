import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { xxhash64 } from 'hyparquet/src/xxhash.js'
import { sbbfContains } from 'hyparquet-writer/src/bloom.js'
import { BloomFilter } from '../../../src/format/parquet/bloom-filter.ts'
import { isMisread } from '../../../src/format/parquet/misread-key.ts'
import { xxHash64 } from '../../../src/format/parquet/xxhash64.ts'

const words = new Uint32Array(2)

function hashOf(bytes: Uint8Array, start = 0, length = bytes.length): bigint {
  xxHash64(bytes, start, length, words)
  return (BigInt(words[1]!) << 32n) | BigInt(words[0]!)
}

test('xxHash64 gives what the reference gives', () => {
  // https://github.com/Cyan4973/xxHash/blob/dev/tests/sanity_test_vectors.h and the specification's examples.
  assert.equal(hashOf(Buffer.alloc(0)), 0xef46db3751d8e999n)
  assert.equal(hashOf(Buffer.from('a')), 0xd24ec4f1a98c6e5bn)
  assert.equal(hashOf(Buffer.from('abc')), 0x44bc2cf5ad770999n)
})

test('xxHash64 of any bytes at any place is what an implementation in BigInt says', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 7 }), (bytes, start) => {
      const moved = Buffer.concat([Buffer.alloc(start, 0xaa), bytes, Buffer.alloc(9, 0xbb)])
      assert.equal(hashOf(moved, start, bytes.length), xxhash64(bytes))
    }),
    { numRuns: 2000 },
  )
})

test('a filter holds all its keys also when it is folded, and is no larger than they need', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ maxLength: 40 }), { maxLength: 400 }),
      fc.constantFrom(1, 100, 5000, 65_536),
      (keys, room) => {
        const filter = new BloomFilter(Math.max(room, keys.length))
        for (const key of keys) for (let twice = 0; twice < 2; twice++) insert(filter, Buffer.from(key))
        const found = filter.toWords()
        const entries =
          keys.length + keys.filter((key) => isMisread(Buffer.from(key), 0, Buffer.byteLength(key))).length
        assert.ok(found.byteLength <= Math.max(32, 2 * entries))
        for (const key of keys) assert.ok(sbbfContains(found, xxhash64(Buffer.from(key))), key)
      },
    ),
  )
})

test('a filter at its limit takes at most four in a hundred absent keys for present', () => {
  const filter = new BloomFilter(65_536)
  for (let i = 0; i < 65_536; i++) insert(filter, Buffer.from(`key-${i}`))
  const found = filter.toWords()
  let wrong = 0
  for (let i = 0; i < 20_000; i++) if (sbbfContains(found, xxhash64(Buffer.from(`other-${i}`)))) wrong++
  assert.ok(wrong <= 800, `${wrong} of 20000`)
})

function insert(filter: BloomFilter, key: Buffer): void {
  filter.insert(key, 0, key.length)
}
