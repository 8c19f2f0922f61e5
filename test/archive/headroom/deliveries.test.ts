import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Deliveries } from '../../../src/archive/headroom/deliveries.ts'
import { InvalidInputError, UnavailableError } from '../../../src/errors.ts'
import { ManualClock, settled } from '../../kit/manual-clock.ts'
import { MemoryLog } from '../kit.ts'

const away = new UnavailableError('alert-undelivered', 'away', { remedy: 'wait' })
const refused = new InvalidInputError('alert-refused', 'refused', { remedy: 'correct it' })
const message = (body: string) => ({ body, ids: [body] })

/** A receiver that answers each attempt as `answers` says in turn, then takes everything. */
function rig(answers: (Error | null)[], limits: { maxQueued?: number; maxAttempts?: number; random?: number } = {}) {
  const clock = new ManualClock(0)
  const log = new MemoryLog()
  const seen: string[] = []
  const sink = {
    send: (body: string) => {
      const answer = answers.shift() ?? null
      if (answer !== null) return Promise.reject(answer)
      seen.push(body)
      return Promise.resolve()
    },
  }
  const { maxQueued = 10, maxAttempts = 10, random = 1 } = limits
  return {
    clock,
    log,
    seen,
    deliveries: new Deliveries({ sink, clock, log, maxQueued, maxAttempts, random: () => random }),
  }
}

describe('deliveries', () => {
  it('are tried again with growing pauses, in order, up to a minute', async () => {
    const { clock, seen, deliveries } = rig(Array(9).fill(away))
    deliveries.add([message('a'), message('b')])
    await settled()
    for (let round = 0; round < 9; round += 1) await clock.pass(60_000)
    assert.deepEqual(seen, ['a', 'b'])
    assert.deepEqual(clock.slept, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
    assert.deepEqual(deliveries.counts, { delivered: 2, failed: 0, dropped: 0, failedAttempts: 9 })
  })

  it('spread their pauses', async () => {
    const { clock, deliveries } = rig([away], { random: 0 })
    deliveries.add([message('a')])
    await settled()
    assert.deepEqual(clock.slept, [500])
    await deliveries.close()
  })

  it('that are refused are not repeated, and those that never succeed end: both are logged and counted', async () => {
    const { clock, log, seen, deliveries } = rig([refused, away, away, away], { maxAttempts: 3 })
    deliveries.add([message('a'), message('b'), message('c')])
    await settled()
    for (let round = 0; round < 3; round += 1) await clock.pass(60_000)
    assert.deepEqual(seen, ['c'])
    assert.deepEqual(deliveries.counts, { delivered: 1, failed: 2, dropped: 0, failedAttempts: 4 })
    assert.deepEqual(log.lines, Array(2).fill('error alerts could not be delivered'))
  })

  it('that are too many lose their oldest, never the one under way', async () => {
    const { clock, log, seen, deliveries } = rig([away], { maxQueued: 2 })
    deliveries.add([message('a')])
    await settled()
    deliveries.add(['b', 'c', 'd', 'e'].map(message))
    await clock.pass(1_000)
    assert.deepEqual(seen, ['a', 'd', 'e'])
    assert.equal(deliveries.counts.dropped, 2)
    assert.deepEqual(log.lines, Array(2).fill('error alerts were given up undelivered'))
  })

  it('that wait when the service stops are logged', async () => {
    const { log, seen, deliveries } = rig([away])
    deliveries.add([message('a'), message('b')])
    await settled()
    await deliveries.close()
    assert.deepEqual(seen, [])
    assert.equal(deliveries.counts.dropped, 2)
    assert.equal(log.lines.length, 2)
  })
})
