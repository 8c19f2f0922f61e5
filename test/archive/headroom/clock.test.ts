import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createHeadroomMonitor } from '../../../src/archive/headroom/create.ts'
import type { TopicInfo } from '../../../src/ports/event-log.ts'
import type { RetentionSource } from '../../../src/ports/retention.ts'
import { ManualClock, settled } from '../../kit/manual-clock.ts'
import { MemoryLog, type TestArchive, testArchive } from '../kit.ts'

const dayMs = 86_400_000
const intervalMs = 30_000
const startMs = Date.UTC(2026, 0, 10)
const topic: TopicInfo = { topic: 'orders', incarnationId: 'one', partitions: 1, timestampType: 'create' }

/** A broker that keeps seven days, with one record from the start that is not archived yet. */
const retention: RetentionSource = {
  limits: () => Promise.resolve({ ms: 7 * dayMs, bytes: null }),
  extents: () => Promise.resolve([{ partition: 0, logStart: 0n, end: 1n, oldestTimestampMs: startMs }]),
  timestampsAt: (_, places) => Promise.resolve(places.map(() => startMs)),
  sizes: () => Promise.resolve([]),
  groupPositions: () => Promise.resolve({ positions: [], refused: [] }),
}

describe('a monitor whose clock', () => {
  let archive: TestArchive
  before(async () => {
    archive = await testArchive()
  })
  after(() => archive.remove())

  /** Runs a monitor over what the test does with its clock; answers what was logged. */
  async function logOf(during: (clock: ManualClock) => Promise<void>): Promise<string[]> {
    const clock = new ManualClock(startMs)
    const log = new MemoryLog()
    const status = { topic: 'orders', partition: 0, from: 0n, position: 0n, archived: 0n, end: 1n }
    let looks = 0
    const monitor = createHeadroomMonitor({
      broker: () => {
        looks += 1
        return Promise.resolve({ eventLog: { describe: () => Promise.resolve([topic]) }, retention })
      },
      store: archive.store,
      log,
      thresholds: { warnShare: 0.5, criticalShare: 0.2 },
      groups: /^/,
      clock,
      intervalMs,
      repeatMs: 0,
      captures: () => [{ connector: 'orders', capture: { status: () => [status] } }],
      webhook: null,
    })
    const stop = new AbortController()
    const running = monitor.run(stop.signal)
    // the archive is a real folder: each look takes as long as it takes
    const looked = async (count: number): Promise<void> => {
      while (looks < count || clock.slept.length < count) await settled()
    }
    await looked(1)
    const pass = clock.pass.bind(clock)
    clock.pass = async (ms) => {
      const before = looks
      await pass(ms)
      await looked(before + 1)
    }
    await during(clock)
    stop.abort()
    await running
    return log.lines
  }

  it('leaps and comes back tells nothing', async () => {
    const lines = await logOf(async (clock) => {
      await clock.pass(intervalMs)
      clock.leap(6 * dayMs)
      await clock.pass(intervalMs)
      clock.leap(-6 * dayMs)
      await clock.pass(intervalMs)
      await clock.pass(intervalMs)
    })
    assert.deepEqual(lines, [])
  })

  it('seems to leap at every look, because looks take so long, is believed all the same', async () => {
    const lines = await logOf(async (clock) => {
      for (let look = 0; look < 4; look += 1) await clock.pass(2 * dayMs)
    })
    assert.deepEqual(
      lines.map((line) => line.split(' ')[0]),
      ['warn', 'error'],
    )
  })

  it('is set right for good is believed with the next look', async () => {
    const lines = await logOf(async (clock) => {
      clock.leap(6 * dayMs)
      await clock.pass(intervalMs)
      await clock.pass(intervalMs)
    })
    assert.equal(lines.length, 1)
    assert.match(lines[0]!, /^error orders-0: 1 records are not archived, 14 % of retention is left/)
  })
})
