import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Rotation } from '../../../src/archive/connector/connector.ts'
import { closesAtTimestampMs, closesNow } from '../../../src/archive/partition/rotate.ts'

const rotation: Rotation = {
  flushSize: null,
  intervalMs: 600_000,
  scheduleIntervalMs: null,
  idleMs: 60_000,
  maxBytes: 1_000,
}
const range = { openedAtMs: 100_000, lastChangeAtMs: 130_000, heldBytes: 10 }

describe('an open range', () => {
  it('closes before the record whose time is the interval after the first one’s', () => {
    assert.equal(closesAtTimestampMs(5_000, rotation), 605_000)
    assert.equal(closesAtTimestampMs(5_000, { ...rotation, intervalMs: null }), Number.POSITIVE_INFINITY)
  })

  it('stays open while nothing asks for its end', () => {
    assert.equal(closesNow(range, rotation, 189_999), null)
  })

  it('closes when no record came for the idle time', () => {
    assert.equal(closesNow(range, rotation, 190_000), 'idle')
  })

  it('closes when it holds as much as it may', () => {
    assert.equal(closesNow({ ...range, heldBytes: 1_000 }, rotation, 131_000), 'bytes')
  })

  it('closes on schedule, however busy it is', () => {
    const scheduled = { ...rotation, scheduleIntervalMs: 50_000 }
    assert.equal(closesNow({ ...range, lastChangeAtMs: 149_999 }, scheduled, 149_999), null)
    assert.equal(closesNow({ ...range, lastChangeAtMs: 150_000 }, scheduled, 150_000), 'schedule')
  })

  it('is not kept open by a clock that was set back', () => {
    assert.equal(closesNow(range, rotation, 50_000), 'idle')
  })
})
