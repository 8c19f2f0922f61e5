import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { InvalidInputError } from '../../src/errors.ts'
import { TimeBuckets } from '../../src/format/time-bucket.ts'

const hourly = "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH"
const hourMs = 3_600_000
const buckets = (timezone: string, pathFormat = hourly, partitionDurationMs = hourMs): TimeBuckets =>
  new TimeBuckets({ pathFormat, timezone, partitionDurationMs })

describe('a time bucket', () => {
  it('is the hour of the record in UTC, also before 1970 and in year 9999', () => {
    const utc = buckets('UTC')
    assert.deepEqual(utc.of(-1), { folder: 'year=1969/month=12/day=31/hour=23', startMs: -hourMs, endMs: 0 })
    assert.equal(utc.of(Date.UTC(9999, 11, 31, 23, 59)).folder, 'year=9999/month=12/day=31/hour=23')
  })

  it('is the local hour where a zone is given', () => {
    const moment = Date.UTC(2025, 0, 14, 22, 10)
    assert.equal(buckets('Asia/Kathmandu').of(moment).folder, 'year=2025/month=01/day=15/hour=03')
    assert.equal(buckets('America/New_York').of(moment).folder, 'year=2025/month=01/day=14/hour=17')
  })

  it('follows the change to summer time', () => {
    const berlin = buckets('Europe/Berlin')
    assert.equal(berlin.of(Date.UTC(2025, 2, 30, 0, 59, 59, 999)).folder, 'year=2025/month=03/day=30/hour=01')
    assert.equal(berlin.of(Date.UTC(2025, 2, 30, 1, 0)).folder, 'year=2025/month=03/day=30/hour=03')
  })

  it('holds the record it was asked for, and answers the same for every moment it says it holds', () => {
    const zones = ['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns', 'Australia/Lord_Howe'].map((zone) =>
      buckets(zone),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.integer({ min: Date.UTC(1970, 0, 2), max: Date.UTC(2100, 0, 1) }),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (zone, timestampMs, place) => {
          const bucket = zone.of(timestampMs)
          assert.ok(bucket.startMs <= timestampMs && timestampMs < bucket.endMs)
          const other = bucket.startMs + Math.floor(place * (bucket.endMs - bucket.startMs))
          assert.equal(zone.of(other).folder, bucket.folder)
        },
      ),
    )
  })

  it('exists for every timestamp that a record may have', () => {
    const zones = ['UTC', 'Europe/Berlin', 'Pacific/Auckland', 'America/New_York'].map((zone) => buckets(zone))
    for (const zone of zones) {
      for (const timestampMs of [-8.64e15, -8.64e15 + 1, -62_200_000_000_000, 8.64e15 - 1, 8.64e15]) {
        assert.match(zone.of(timestampMs).folder, /^year=-?\d{4,6}\/month=\d\d\/day=\d\d\/hour=\d\d$/)
      }
    }
  })

  it('refuses a zone that does not exist', () => {
    assert.throws(
      () => buckets('Europe/Atlantis'),
      (error) => error instanceof InvalidInputError && error.code === 'timezone-invalid',
    )
  })
})
