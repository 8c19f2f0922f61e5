import assert from 'node:assert/strict'
import test, { suite } from 'node:test'
import { Router } from '../../../src/archive/partition/route.ts'
import { DamagedDataError } from '../../../src/errors.ts'
import type { Routing } from '../../../src/format/log-entry.ts'
import type { RecordView } from '../../../src/format/record-view.ts'

const routing: Routing = {
  topicsDir: 'topics',
  pathFormat: "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH",
  timezone: 'UTC',
  partitionDurationMs: 3_600_000,
  timestampField: null,
  codec: 'zstd',
}

const recordAt = (timestampMs: number, value: string | null = 'v'): RecordView => ({
  bytes: Buffer.from(value ?? ''),
  baseOffset: 100n,
  offsetDelta: 2,
  timestampMs,
  keyStart: 0,
  keyLength: -1,
  valueStart: 0,
  valueLength: value === null ? -1 : value.length,
  headersStart: 0,
  headerCount: 0,
})

const refused = (code: string) => (error: unknown) =>
  error instanceof DamagedDataError && error.code === code && error.details.offset === '102'

suite('the router', () => {
  test('files records of the first and last moments that a date can hold, of 1970, of -1 and of year 9999', () => {
    const router = new Router(routing)
    const folders = [0, -1, Date.UTC(9999, 11, 31, 23), 8.64e15, -8.64e15].map((timestampMs) =>
      router.folderAt(router.timestampOf(recordAt(timestampMs))),
    )
    assert.deepEqual(folders.slice(0, 3), [
      'year=1970/month=01/day=01/hour=00',
      'year=1969/month=12/day=31/hour=23',
      'year=9999/month=12/day=31/hour=23',
    ])
    assert.equal(new Set(folders).size, 5)
  })

  test('refuses a timestamp that is no date, with the offset of its record', () => {
    const router = new Router(routing)
    for (const timestampMs of [8.64e15 + 2, -8.64e15 - 2, 2 ** 63, -(2 ** 63)]) {
      assert.throws(() => router.timestampOf(recordAt(timestampMs)), refused('timestamp-not-representable'))
    }
  })

  test('refuses a value that lacks the field of its time, and files a tombstone by its own timestamp', () => {
    const router = new Router({ ...routing, timestampField: 'order.at' })
    assert.equal(router.timestampOf(recordAt(5, '{"order":{"at":7}}')), 7)
    assert.equal(router.timestampOf(recordAt(5, null)), 5)
    for (const value of ['no JSON', '{}', '{"order":{"at":"soon"}}', '{"order":{"at":1e300}}']) {
      assert.throws(() => router.timestampOf(recordAt(5, value)), refused('timestamp-field-unreadable'), value)
    }
  })
})
