import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { DuckDbEngine } from '../../src/adapters/duckdb/engine.ts'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import { InvalidInputError } from '../../src/errors.ts'
import { commitLogSnapshots } from '../../src/query/archive-snapshots.ts'
import { RowPicker } from '../../src/query/row-picker.ts'
import { filesInPlace } from '../../src/query/segment-files.ts'
import { ReplayService } from '../../src/replay/service.ts'
import { independentClient, readCommitted } from '../adapters/kafka/judge.ts'
import { archiveCommit, type SourceRecord } from './archive.ts'
import { freshName, plainParts, type Stage, setStage, silentLog, smallUnits } from './kit.ts'

const startMs = Date.UTC(2025, 0, 14, 9)
const records = 600

/** JSON orders of ten customers, of version 1 and 2, with a trace header; every seventh is a tombstone. */
function orders(partition: number): SourceRecord[] {
  return Array.from({ length: records }, (_, index) => {
    const order = {
      version: 1 + (index % 2),
      orderId: `${partition}-${index}`,
      total: index,
      items: ['mug-blue', 'mug-blue'],
    }
    return {
      offset: BigInt(index),
      timestampMs: startMs + index * 20_000,
      key: Buffer.from(`customer-${index % 10}`),
      value: index % 7 === 6 ? null : Buffer.from(JSON.stringify(order)),
      headers: [{ key: Buffer.from('trace'), value: Buffer.from(`t${index % 5}`) }],
    }
  })
}

async function archived(
  t: TestContext,
): Promise<{ stage: Stage; topic: string; all: SourceRecord[]; service: ReplayService }> {
  const stage = await setStage(t)
  const topic = freshName('orders')
  const all: SourceRecord[] = []
  for (const partition of [0, 1]) {
    const batch = orders(partition)
    all.push(...batch)
    await archiveCommit(stage.store, {
      topic,
      partition,
      from: 0n,
      next: BigInt(records),
      records: batch,
      rowGroupRows: 50,
    })
  }
  const engine = new DuckDbEngine({ temporaryFolder: tmpdir(), maxSpillBytes: 2 ** 28, threads: 1 })
  const files = filesInPlace(stage.store)
  const limits = { timeoutMs: 60_000, maxMemoryBytes: 2 ** 29 }
  const service = new ReplayService({
    ...{ store: stage.store, eventLog: stage.eventLog, clock: new SystemClock(), log: silentLog, limits: smallUnits },
    upcasters: { ...plainParts.upcasters, folder: fileURLToPath(new URL('../../examples/upcasters', import.meta.url)) },
    conditions: new RowPicker({ engine, snapshots: commitLogSnapshots(stage.store), files, limits, concurrency: 2 }),
  })
  t.after(async () => {
    await service.close()
    await engine.close()
  })
  return { stage, topic, all, service }
}

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())

describe('what a replay chooses', () => {
  it('are the records with these keys, with keys that begin so, and with these headers', async (t) => {
    const { stage, topic, all, service } = await archived(t)
    const emit = async (more: object): Promise<string[]> => {
      const target = freshName('replayed')
      const { id } = await service.create({ source: { topic, ...more }, target: { topic: target } })
      await service.finished(id)
      return (await readCommitted(stage.brokers, target)).map(({ key, value }) => `${text(key)} ${text(value)}`).sort()
    }
    const expect = (test: (record: SourceRecord) => boolean): string[] =>
      all
        .filter(test)
        .map(({ key, value }) => `${text(key)} ${text(value)}`)
        .sort()
    const keyOf = (record: SourceRecord): string => text(record.key)!
    assert.deepEqual(
      await emit({ keys: { in: ['customer-3', 'customer-8', 'nobody'] } }),
      expect((record) => ['customer-3', 'customer-8'].includes(keyOf(record))),
    )
    assert.deepEqual(
      await emit({ keys: { prefix: ['customer-1'] } }),
      expect((record) => keyOf(record) === 'customer-1'),
    )
    assert.deepEqual(
      await emit({ headers: [{ key: 'trace', value: 't2' }], keys: { in: ['customer-7', 'customer-2'] } }),
      expect((record) => text(record.headers[0]!.value) === 't2'),
    )
  })

  it('are the records that a SQL condition picks, byte for byte, tombstones too', async (t) => {
    const { stage, topic, all, service } = await archived(t)
    const target = freshName('replayed')
    const where =
      "cast(json_extract_scalar(from_utf8(record_value), '$.total') as integer) % 50 = 0 or (record_value is null and record_offset < 20)"
    const { id } = await service.create({ source: { topic, where }, target: { topic: target } })
    await service.finished(id)
    const wanted = all.filter(({ value, offset }) =>
      value === null ? offset < 20n : JSON.parse(text(value)!).total % 50 === 0,
    )
    const seen = await readCommitted(stage.brokers, target)
    assert.deepEqual(
      seen.map(({ value, timestampMs }) => `${timestampMs} ${text(value)}`).sort(),
      wanted.map(({ value, timestampMs }) => `${timestampMs} ${text(value)}`).sort(),
    )
  })

  it('is refused with its place when the condition is none', async (t) => {
    const { topic, service } = await archived(t)
    const request = (where: string): object => ({ source: { topic, where }, target: { topic: 'x' } })
    for (const where of [
      'record_offset >',
      'true; drop table x',
      "record_key in (select 1 from read_csv('/etc/passwd'))",
    ]) {
      await assert.rejects(service.dryRun(request(where)), InvalidInputError, where)
    }
  })

  it('is shown before and after its change, changed on the way, with what fails beside it', async (t) => {
    const { stage, topic, all, service } = await archived(t)
    const [target, deadLetterTopic] = [freshName('replayed'), freshName('dead')]
    const broken = { version: 1, orderId: 'b', items: ['no-such-product'] }
    await archiveCommit(stage.store, {
      ...{ topic, partition: 1, from: BigInt(records), next: BigInt(records) + 1n },
      records: [
        {
          offset: BigInt(records),
          timestampMs: startMs,
          key: null,
          value: Buffer.from(JSON.stringify(broken)),
          headers: [],
        },
      ],
    })
    const transform = { upcaster: 'orders-v2', stamp: true, deadLetterTopic }
    const request = { source: { topic }, target: { topic: target }, transform }
    const { sample } = await service.dryRun(request)
    assert.ok(sample !== null && sample.length > 0)
    assert.match(JSON.stringify(sample[0]!.before.value), /"items":\["mug-blue","mug-blue"\]/)
    assert.match(JSON.stringify(sample[0]!.after[0]!.value), /"quantity":2/)
    const { id } = await service.create(request)
    const status = await service.finished(id)
    assert.deepEqual([status.progress?.rows, status.progress?.deadLetters], [all.length, 1])
    const seen = await readCommitted(stage.brokers, target)
    assert.equal(seen.length, all.length)
    for (const { value, headers } of seen) {
      assert.equal(String(headers['coldstream.replay.id']), id)
      if (value !== null) assert.equal(JSON.parse(text(value)!).version, 2)
    }
    const [letter] = await readCommitted(stage.brokers, deadLetterTopic)
    assert.equal(text(letter!.value), JSON.stringify(broken))
    assert.equal(String(letter!.headers['__connect.errors.offset']), String(records))
  })

  it('does not go on without the records that had failed: their topic was deleted meanwhile', async (t) => {
    const { stage, topic, service } = await archived(t)
    const [target, deadLetterTopic, id] = [freshName('replayed'), freshName('dead'), freshName('r')]
    const value = Buffer.from(JSON.stringify({ version: 1, orderId: 'b', items: ['no-such-product'] }))
    for (const offset of [BigInt(records), BigInt(records) + 1n]) {
      await archiveCommit(stage.store, {
        ...{ topic, partition: 0, from: offset, next: offset + 1n },
        records: [{ offset, timestampMs: startMs, key: null, value, headers: [] }],
      })
    }
    const objects = await Array.fromAsync(stage.store.list(`topics/${topic}/`))
    await stage.store.delete(objects.filter(({ path }) => path.includes('+0+')).at(-1)!.path)
    const transform = { upcaster: 'orders-v2', deadLetterTopic }
    const request = { id, source: { topic }, target: { topic: target }, transform }
    await service.create(request)
    await assert.rejects(service.finished(id), /is not in the store/)
    const admin = independentClient(stage.brokers).admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [deadLetterTopic] })
    await admin.disconnect()
    await assert.rejects(
      async () => {
        await service.create(request)
        await service.finished(id)
      },
      { code: 'target-replaced', message: new RegExp(deadLetterTopic) },
    )
  })

  it('stops at the first record that cannot be changed when there is no topic for it', async (t) => {
    const { stage, topic, service } = await archived(t)
    const target = freshName('replayed')
    const value = Buffer.from(JSON.stringify({ version: 1, orderId: 'b', items: ['no-such-product'] }))
    await archiveCommit(stage.store, {
      ...{ topic, partition: 0, from: BigInt(records), next: BigInt(records) + 1n },
      records: [{ offset: BigInt(records), timestampMs: startMs, key: null, value, headers: [] }],
    })
    const { id } = await service.create({
      source: { topic },
      target: { topic: target },
      transform: { upcaster: 'orders-v2' },
    })
    await assert.rejects(service.finished(id), new RegExp(`partition 0 offset ${records}`))
    assert.equal((await service.get(id)).error?.code, 'record-not-changed')
  })
})
