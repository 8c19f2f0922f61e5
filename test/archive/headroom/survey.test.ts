import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PartitionStatus } from '../../../src/archive/capture.ts'
import { Survey } from '../../../src/archive/headroom/survey.ts'
import type { TopicInfo } from '../../../src/ports/event-log.ts'
import type { RetentionSource } from '../../../src/ports/retention.ts'
import { MemoryLog, testArchive } from '../kit.ts'

const topic: TopicInfo = { topic: 'orders', incarnationId: 'one', partitions: 1, timestampType: 'create' }

test('what is read and then deleted while a look goes on is no loss', async () => {
  const archive = await testArchive()
  const status: PartitionStatus = { topic: 'orders', partition: 0, from: 0n, position: 0n, archived: 0n, end: 9n }
  let next = 0n
  const retention: RetentionSource = {
    limits: () => Promise.resolve({ ms: null, bytes: null }),
    extents: () => {
      // by the time the log begins at 5, archive and group have read up to there
      status.archived = 5n
      next = 5n
      return Promise.resolve([{ partition: 0, logStart: 5n, end: 9n, oldestTimestampMs: null }])
    },
    timestampsAt: () => Promise.resolve([]),
    sizes: () => Promise.resolve([]),
    groupPositions: () =>
      Promise.resolve({ positions: [{ group: 'streams', topic: 'orders', partition: 0, next }], refused: [] }),
  }
  const survey = new Survey({
    broker: () => Promise.resolve({ eventLog: { describe: () => Promise.resolve([topic]) }, retention }),
    store: archive.store,
    log: new MemoryLog(),
    thresholds: { warnShare: 0.5, criticalShare: 0.2 },
    groups: /^/,
    captures: () => [{ status: () => [{ ...status }] }],
    ownGroups: () => [],
  })
  const { topics } = await survey.look(0)
  const levels = topics.flatMap(({ partitions, groups }) => [...partitions, ...groups].map(({ level }) => level))
  assert.deepEqual(levels, ['ok', 'ok'])
  assert.equal(topics[0]?.partitions[0]?.archived, 5n)
  await archive.remove()
})
