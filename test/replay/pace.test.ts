import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Pace, type ShareRate } from '../../src/replay/emit/pace.ts'
import type { LaneStep } from '../../src/replay/emit/step-draft.ts'
import { ManualClock } from '../kit/manual-clock.ts'

const step = (rows: number, bytes: number, timestampMs: number | null): LaneStep => ({
  ...{ blocks: [], streams: [], rows, bytes, timestampMs },
})
const whole = (rate: ShareRate['rate']): ShareRate => ({ rate, portion: 1, anchor: null })
const bounds = { maxBytes: 1e6, maxRows: 5_000, maxBlockBytes: 1e6, maxSpanMs: Number.POSITIVE_INFINITY }

describe('the pace of a share', () => {
  it('spreads records over time, by the part of the rate that the share has', async () => {
    const clock = new ManualClock(0)
    const pace = new Pace(clock, { ...whole({ recordsPerSecond: 1_000 }), portion: 0.5 })
    const first = step(50, 1, 0)
    assert.equal(pace.delayMs(first), 0)
    pace.wrote(first)
    await clock.pass(2_000)
    // a second that was not used may be caught up, no more
    let written = 0
    while (pace.delayMs(first) === 0) {
      pace.wrote(first)
      written += first.rows
    }
    assert.ok(written <= 550, `${written} records at once`)
    assert.equal(pace.delayMs(first), 100)
  })

  it('makes steps so small that a slow rate is even', () => {
    const pace = new Pace(new ManualClock(0), whole({ recordsPerSecond: 30 }))
    assert.equal(pace.tighten(bounds).maxRows, 3)
    pace.set(whole({ bytesPerSecond: 10_000 }))
    assert.equal(pace.tighten(bounds).maxBytes, 1_000)
    pace.set(whole({ speed: 60 }))
    assert.equal(pace.tighten(bounds).maxSpanMs, 6_000)
    pace.set(whole(null))
    assert.deepEqual(pace.tighten(bounds), bounds)
  })

  it('lets records go as far apart as their timestamps are, divided by the speed', async () => {
    const clock = new ManualClock(1_000_000)
    const pace = new Pace(clock, { rate: { speed: 10 }, portion: 1, anchor: { wallMs: 1_000_000, recordMs: 5_000 } })
    assert.equal(pace.delayMs(step(1, 1, 5_000)), 0)
    assert.equal(pace.delayMs(step(1, 1, 65_000)), 6_000)
    await clock.pass(6_000)
    assert.equal(pace.delayMs(step(1, 1, 65_000)), 0)
    assert.equal(pace.delayMs(step(1, 1, 4_000)), 0, 'what is late goes at once')
  })

  it('wakes who waits when the rate is changed', async () => {
    const clock = new ManualClock(0)
    const pace = new Pace(clock, whole({ recordsPerSecond: 0.001 }))
    pace.wrote(step(1, 1, 0))
    const waited = pace.wait(step(1, 1, 0), new AbortController().signal)
    pace.set(whole(null))
    await waited
  })

  it('does not wait any longer when it is told to stop', async () => {
    const pace = new Pace(new ManualClock(0), whole({ recordsPerSecond: 0.001 }))
    pace.wrote(step(1, 1, 0))
    const stop = new AbortController()
    const waited = pace.wait(step(1, 1, 0), stop.signal)
    stop.abort(new Error('enough'))
    await assert.rejects(waited, /enough/)
  })
})
