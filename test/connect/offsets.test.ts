import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { parquetDescriber } from '../../src/archive/commit/parquet-describer.ts'
import { parseConnector } from '../../src/archive/connector/parse.ts'
import { verifyTopic } from '../../src/archive/verify/verify.ts'
import { CommitLog } from '../../src/catalog/commit-log.ts'
import { loadTopic } from '../../src/catalog/snapshot.ts'
import { archivedOffsets, type OffsetParts, skipForward } from '../../src/connect/offsets.ts'
import { ConflictError, InvalidInputError } from '../../src/errors.ts'
import { sharedKafka } from '../kit/kafka.ts'
import { archiveTopic, createOrders, sendOrders, type TestServices, testServices } from '../kit/services.ts'

let rig: TestServices
before(async () => {
  rig = await testServices({ brokers: await sharedKafka() })
})
after(() => rig.close())

async function parts(topic: string): Promise<OffsetParts> {
  const { store, clock } = rig.services
  const connector = parseConnector({ name: 'orders', topics: topic }, 'test')
  return { connector, store, clock, eventLog: await rig.services.eventLog() }
}

/** The gaps of a partition as the archive explains them. */
async function gapsOf(topic: string, partition: number): Promise<string[]> {
  const { incarnations } = await loadTopic(rig.services.store, topic)
  const found = incarnations.at(-1)?.partitions.find((candidate) => candidate.partition === partition)
  return found!.gaps.map(({ reason, firstOffset, lastOffset }) => `${reason} ${firstOffset}..${lastOffset}`)
}

describe('moving offsets forward', () => {
  it('begins a partition that was never archived later, and what follows is archived whole', async () => {
    const topic = await createOrders(rig.brokers, 40)
    assert.deepEqual(await archivedOffsets(rig.services.store, [topic]), [])
    await skipForward(await parts(topic), [{ topic, partition: 1, next: 15n }])
    assert.deepEqual(await archivedOffsets(rig.services.store, [topic]), [{ topic, partition: 1, next: 15n }])
    await archiveTopic(rig.services, topic)
    assert.deepEqual(await gapsOf(topic, 1), ['skipped 0..14'])
    assert.deepEqual(await gapsOf(topic, 0), [])
    assert.deepEqual(
      (await archivedOffsets(rig.services.store, [topic])).map(({ next }) => next),
      [20n, 20n],
    )
    const { store } = rig.services
    const snapshot = await loadTopic(store, topic)
    const segments = snapshot.incarnations.flatMap(({ partitions }) =>
      partitions.flatMap((archived) => archived.segments),
    )
    assert.equal(
      segments.reduce((sum, { records }) => sum + records, 0),
      25,
    )
    for await (const event of verifyTopic(store, snapshot, { describer: parquetDescriber, topicsDir: 'topics' }))
      assert.equal(event.kind, 'progress', inspect(event))
  })

  it('does not call skipped what the broker had already deleted', async () => {
    const topic = await createOrders(rig.brokers, 40)
    await archiveTopic(rig.services, topic)
    await sendOrders(rig.brokers, topic, 40, 80)
    const moving = await parts(topic)
    const eventLog: OffsetParts['eventLog'] = {
      describe: (topics) => moving.eventLog.describe(topics),
      bounds: async () => [{ partition: 0, first: 25n, end: 40n }],
    }
    await skipForward({ ...moving, eventLog }, [{ topic, partition: 0, next: 28n }])
    assert.deepEqual(await gapsOf(topic, 0), ['retention 20..24', 'skipped 25..27'])
  })

  it('moves nothing when one of several cannot be moved', async () => {
    const topic = await createOrders(rig.brokers, 40)
    await archiveTopic(rig.services, topic)
    const before = await archivedOffsets(rig.services.store, [topic])
    const targets = [
      { topic, partition: 0, next: 20n },
      { topic, partition: 1, next: 3n },
    ]
    await assert.rejects(skipForward(await parts(topic), targets), InvalidInputError)
    assert.deepEqual(await archivedOffsets(rig.services.store, [topic]), before)
  })

  it('waits for a commit that another writer has open', async () => {
    const topic = await createOrders(rig.brokers, 40)
    const moving = await parts(topic)
    await skipForward(moving, [{ topic, partition: 0, next: 1n }])
    const { store, clock } = rig.services
    const log = await CommitLog.open({
      store,
      key: { topic, incarnation: 1, partition: 0 },
      writer: randomUUID(),
      clock,
    })
    const { routing } = moving.connector
    await log.intend({ from: 1n, next: 5n, routing, segments: [], gaps: [] })
    await assert.rejects(skipForward(moving, [{ topic, partition: 0, next: 9n }]), (error: unknown) => {
      assert.ok(error instanceof ConflictError)
      assert.equal(error.code, 'capture-unfinished')
      return true
    })
    await archiveTopic(rig.services, topic)
    await skipForward(moving, [{ topic, partition: 0, next: 20n }])
  })
})
