import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { BinaryColumn } from '../../../src/format/row-batch.ts'
import { KeyMatcher } from '../../../src/format/select/key-matcher.ts'

// few letters, so that keys meet, begin with each other and differ late
const bytes = fc.array(fc.constantFrom(0x61, 0x62, 0xff), { maxLength: 9 }).map((codes) => Buffer.from(codes))
const rows = fc.array(fc.option(bytes), { maxLength: 40 })

/** Keys one behind the other, with a byte between them that is none of theirs. */
function columnOf(keys: readonly (Buffer | null)[]): BinaryColumn {
  const start = new Int32Array(keys.length)
  const length = new Int32Array(keys.length)
  let at = 0
  for (const [row, key] of keys.entries()) {
    start[row] = at
    length[row] = key?.length ?? -1
    at += (key?.length ?? 0) + 1
  }
  return { bytes: Buffer.concat(keys.flatMap((key) => [key ?? Buffer.alloc(0), Buffer.from('a')])), start, length }
}

test('a key is wanted when it equals one that is, or begins as one should; a null key never', () => {
  const wanted = fc.record({ exact: fc.array(bytes, { maxLength: 6 }), prefixes: fc.array(bytes, { maxLength: 6 }) })
  fc.assert(
    fc.property(wanted, rows, rows, (range, ...pages) => {
      const matcher = new KeyMatcher(range)
      for (const keys of pages) {
        const column = columnOf(keys)
        for (const [row, key] of keys.entries()) {
          const isExact = range.exact.some((one) => key?.equals(one))
          const beginsAsOne = range.prefixes.some((prefix) => key?.subarray(0, prefix.length).equals(prefix))
          assert.equal(matcher.matches(column, row), isExact || beginsAsOne, `row ${row}: ${key?.toString('hex')}`)
        }
      }
    }),
    { numRuns: 2000 },
  )
})
