import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TargetInfo } from '../../src/ports/event-log.ts'
import { checkTarget } from '../../src/replay/plan/preflight.ts'

const info: TargetInfo = {
  partitions: 3,
  empty: true,
  hazards: [
    { severity: 'warning', code: 'target-replicas-missing', message: 'a broker is down', remedy: 'Look at it.' },
    { severity: 'error', code: 'target-compacted', message: 'it is compacted', remedy: 'Set it.' },
  ],
  maxRecordBytes: 1_000,
}

const codes = (continued: boolean): string[] =>
  checkTarget({ target: 't', info, partitions: 3, continued }).map(({ severity, code }) => `${severity} ${code}`)

test('a replay that begins hears of every hazard of its target, one that goes on only of those that lose records', () => {
  assert.deepEqual(codes(false), ['warning target-replicas-missing', 'error target-compacted'])
  assert.deepEqual(codes(true), ['error target-compacted'])
})

test('a target that does not exist has no hazards', () => {
  assert.deepEqual(checkTarget({ target: 't', info: null, partitions: 3, continued: false }), [])
})
