import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { EARLIEST_MICROS, LATEST_MICROS, parseTimestamp } from '../../src/query/timestamp.ts'

const nowMs = Date.UTC(2025, 0, 14, 9)
const parse = (text: string) => parseTimestamp(text, nowMs)

describe('A time as people write it', () => {
  it('is read to the microsecond, UTC unless it names a zone', () => {
    const nine = BigInt(nowMs) * 1000n
    assert.equal(parse('2025-01-14T09:00:00Z'), nine)
    assert.equal(parse('2025-01-14 09:00'), nine)
    assert.equal(parse('2025-01-14T10:30:00.000001+01:30'), nine + 1n)
    assert.equal(parse('2025-01-14'), nine - 9n * 3_600_000_000n)
    assert.equal(parse(String(nowMs)), nine)
    assert.equal(parse('0'), 0n)
    assert.equal(parse('now'), nine)
    assert.equal(parse('now-2h'), nine - 7_200_000_000n)
    assert.equal(parse('earliest'), EARLIEST_MICROS)
    assert.equal(parse('0001-01-01'), EARLIEST_MICROS)
    assert.equal(parse('9999-12-31T23:59:59.999999Z'), LATEST_MICROS)
  })

  it('agrees with Date for every millisecond of four-digit years', () => {
    fc.assert(
      fc.property(
        fc.date({
          min: new Date('0001-01-01T00:00:00Z'),
          max: new Date('9999-12-31T23:59:59.999Z'),
          noInvalidDate: true,
        }),
        (date) => {
          assert.equal(parse(date.toISOString()), BigInt(date.getTime()) * 1000n)
        },
      ),
    )
  })

  it('is refused when there is no such time', () => {
    for (const text of [
      '',
      'yesterday',
      '2025-02-30',
      '2025-13-01',
      '2025-01-14T25:00',
      '2025-01-14T09:00:00+25:00',
      '2025',
      'now-2x',
      '2025-01-14T09',
    ]) {
      assert.equal(parse(text), null, text)
    }
  })
})
