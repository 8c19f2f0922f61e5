import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import kafkajs from 'kafkajs'
import { readCommitted } from '../adapters/kafka/judge.ts'
import type { SourceRecord } from './archive.ts'
import { archiveTopic, freshName, setStage } from './kit.ts'

const textOf = (value: Uint8Array | null): string => (value === null ? 'null' : Buffer.from(value).toString('latin1'))

describe('the order of a replay', () => {
  it('`key` puts each key where a producer would put it, and keeps its records in order', async (t) => {
    const stage = await setStage(t)
    const [topic, target] = [freshName('orders'), freshName('replayed')]
    const source = await archiveTopic(stage.store, topic)
    const { id } = await stage.service.create({
      source: { topic },
      target: { topic: target, partitions: 5 },
      order: 'key',
    })
    await stage.service.finished(id)
    const emitted = await readCommitted(stage.brokers, target)
    const partitioner = kafkajs.Partitioners.DefaultPartitioner()
    const partitionMetadata = [0, 1, 2, 3, 4].map((partitionId) => ({
      ...{ partitionId, leader: 0, partitionErrorCode: 0, replicas: [], isr: [] },
    }))
    for (const { key, partition } of emitted) {
      if (key === null) continue
      const message = { key: Buffer.from(key), value: null }
      assert.equal(partition, partitioner({ topic: target, partitionMetadata, message }))
    }
    const byKey = (records: readonly { key: Uint8Array | null; value: Uint8Array | null }[]) =>
      Map.groupBy(
        records.filter(({ key }) => key !== null),
        ({ key }) => textOf(key),
      )
    const wanted = byKey([...source.values()].flat())
    const seen = byKey(emitted)
    assert.equal(emitted.length, [...source.values()].flat().length)
    for (const [key, records] of wanted) {
      assert.deepEqual(
        seen.get(key)?.map(({ value }) => textOf(value)),
        records.map(({ value }) => textOf(value)),
        key,
      )
    }
  })

  it('`time` merges partitions and topics by timestamp, and keeps the order within each partition', async (t) => {
    const stage = await setStage(t)
    const topics = [freshName('orders'), freshName('payments')]
    const target = freshName('replayed')
    const streams: SourceRecord[][] = []
    for (const topic of topics)
      streams.push(...(await archiveTopic(stage.store, topic, { partitions: 2, records: 900 })).values())
    const request = { source: { topics }, target: { topic: target, partitions: 1 }, order: 'time' }
    const { id } = await stage.service.create(request)
    await stage.service.finished(id)
    const emitted = await readCommitted(stage.brokers, target)
    assert.deepEqual(
      emitted.map(({ timestampMs, value }) => [timestampMs, textOf(value)]),
      mergedByHand(streams).map(({ timestampMs, value }) => [timestampMs, textOf(value)]),
    )
  })

  it('sends several topics each into its own target', async (t) => {
    const stage = await setStage(t)
    const topics = [freshName('orders'), freshName('payments')]
    const targets = topics.map((topic) => `${topic}-again`)
    const request = {
      source: { topics },
      target: { topics: Object.fromEntries(topics.map((topic, i) => [topic, targets[i]])) },
    }
    const sources = [
      await archiveTopic(stage.store, topics[0]!, { records: 300 }),
      await archiveTopic(stage.store, topics[1]!, { records: 200 }),
    ]
    const { id } = await stage.service.create(request)
    await stage.service.finished(id)
    for (const [index, source] of sources.entries()) {
      const emitted = await readCommitted(stage.brokers, targets[index]!)
      assert.equal(emitted.length, [...source.values()].flat().length)
    }
  })
})

/** The next of all streams is the one with the lowest timestamp, of equal ones that of the first stream. */
function mergedByHand(streams: readonly (readonly SourceRecord[])[]): SourceRecord[] {
  const rest = streams.map((stream) => [...stream])
  const merged: SourceRecord[] = []
  for (;;) {
    const waiting = rest.filter((stream) => stream.length > 0)
    if (waiting.length === 0) return merged
    const first = waiting.reduce((least, stream) => (stream[0]!.timestampMs < least[0]!.timestampMs ? stream : least))
    merged.push(first.shift()!)
  }
}
