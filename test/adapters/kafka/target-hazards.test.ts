import assert from 'node:assert/strict'
import { test } from 'node:test'
import { targetHazards } from '../../../src/adapters/kafka/target-hazards.ts'
import type { TargetLoad } from '../../../src/ports/event-log.ts'

const hourMs = 3_600_000
const nowMs = Date.UTC(2026, 0, 1)
const longMax = '9223372036854775807'
const safe = {
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'message.timestamp.type': 'CreateTime',
  'message.timestamp.before.max.ms': longMax,
  'message.timestamp.after.max.ms': longMax,
  'min.insync.replicas': '1',
}
const unknown: TargetLoad = { firstTimestampMs: null, lastTimestampMs: null, partitionBytes: null }

interface Case {
  config?: Record<string, string>
  load?: Partial<TargetLoad>
  replicas?: number
  inSyncReplicas?: number
  authorizedOperations?: number | null
}

/** `severity code` of each. */
function hazards({ config = {}, load = {}, ...rest }: Case): string[] {
  const settings = new Map(Object.entries({ ...safe, ...config }))
  const target = { topic: 't', config: settings, replicas: 3, inSyncReplicas: 3, authorizedOperations: null, ...rest }
  return targetHazards(target, { ...unknown, ...load }, nowMs).map(({ severity, code }) => `${severity} ${code}`)
}

const aged = (hours: number): Partial<TargetLoad> => ({ firstTimestampMs: nowMs - hours * hourMs })

for (const [what, target, expected] of [
  ['a topic that keeps everything has none', {}, []],
  ['compaction loses records', { config: { 'cleanup.policy': 'compact,delete' } }, ['error target-compacted']],
  [
    'retention that any history may exceed is an error',
    { config: { 'retention.ms': String(24 * hourMs) } },
    ['error target-retention-time'],
  ],
  [
    'retention that the oldest record exceeds is an error',
    { config: { 'retention.ms': String(24 * hourMs) }, load: aged(25) },
    ['error target-retention-time'],
  ],
  [
    'retention that lasts a while longer is a warning',
    { config: { 'retention.ms': String(24 * hourMs) }, load: aged(1) },
    ['warning target-retention-time'],
  ],
  [
    'with append time, old records age from now on, and are never refused',
    {
      config: {
        'retention.ms': String(24 * hourMs),
        'message.timestamp.type': 'LogAppendTime',
        'message.timestamp.before.max.ms': '1000',
        'message.timestamp.after.max.ms': '1000',
      },
      load: { ...aged(1_000), lastTimestampMs: nowMs + 1_000 * hourMs },
    },
    ['warning target-retention-time', 'warning target-append-time'],
  ],
  ['a limit of bytes is a warning', { config: { 'retention.bytes': '1000' } }, ['warning target-retention-size']],
  [
    'a limit of bytes that is too small is an error',
    { config: { 'retention.bytes': '1000' }, load: { partitionBytes: 1_001 } },
    ['error target-retention-size'],
  ],
  [
    'compaction without deletion has no retention',
    { config: { 'cleanup.policy': 'compact', 'retention.ms': '1', 'retention.bytes': '1' } },
    ['error target-compacted'],
  ],
  [
    'timestamps too old, or of unknown age, are refused',
    { config: { 'message.timestamp.before.max.ms': String(hourMs) } },
    ['error target-timestamps-refused'],
  ],
  [
    'timestamps that will be too old soon are a warning',
    { config: { 'message.timestamp.before.max.ms': String(hourMs) }, load: aged(0.75) },
    ['warning target-timestamps-refused'],
  ],
  [
    'young timestamps are none',
    { config: { 'message.timestamp.before.max.ms': String(hourMs) }, load: aged(0.25) },
    [],
  ],
  [
    'timestamps of the future are refused, as any topic does unless told otherwise',
    { config: { 'message.timestamp.after.max.ms': String(hourMs) }, load: { lastTimestampMs: nowMs + 2 * hourMs } },
    ['error target-timestamps-refused'],
  ],
  ['future timestamps are not suspected', { config: { 'message.timestamp.after.max.ms': String(hourMs) } }, []],
  [
    'fewer replicas than must be in sync never take a record',
    { config: { 'min.insync.replicas': '2' }, replicas: 1, inSyncReplicas: 1 },
    ['error target-replicas-missing'],
  ],
  [
    'replicas that are behind may come back',
    { config: { 'min.insync.replicas': '2' }, inSyncReplicas: 1 },
    ['warning target-replicas-missing'],
  ],
  ['a missing permission is an error', { authorizedOperations: 1 << 3 }, ['error target-write-denied']],
  ['a permission is none', { authorizedOperations: 1 << 4 }, []],
] as [string, Case, string[]][]) {
  test(`hazards of a target: ${what}`, () => assert.deepEqual(hazards(target), expected))
}
