import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PinoLog } from '../../src/adapters/pino-log.ts'
import { SystemClock } from '../../src/adapters/system-clock.ts'

test('a log line is one JSON object, with offsets above 2^53 exact and nothing below the level', () => {
  const lines: string[] = []
  const log = new PinoLog('warn', { write: (line) => lines.push(line) })
  log.info('not this')
  log.warn('behind', { topic: 'orders', offset: 9_007_199_254_740_993n, gap: null })
  assert.equal(lines.length, 1)
  const { time, ...rest } = JSON.parse(lines[0]!)
  assert.deepEqual(rest, { level: 'warn', topic: 'orders', offset: '9007199254740993', gap: null, msg: 'behind' })
  assert.match(time, /^\d{4}-\d\d-\d\dT.*Z$/)
})

test('a sleep that is aborted, before or while it lasts, rejects with the reason that was given', async () => {
  const clock = new SystemClock()
  const reason = new Error('told to stop')
  await assert.rejects(clock.sleep(60_000, AbortSignal.abort(reason)), reason)
  const stop = new AbortController()
  const sleep = clock.sleep(60_000, stop.signal)
  stop.abort(reason)
  await assert.rejects(sleep, reason)
  await clock.sleep(0)
})
