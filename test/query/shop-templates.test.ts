import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { QueryValue } from '../../src/ports/query-engine.ts'
import { type ArchivedRecord, archiveRecords } from './archive.ts'
import { openRig, type Rig, testStore } from './rig.ts'
import { shop } from './shop.ts'

const HOUR = 3_600_000
const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z')
const floorTo = (ms: number, unit: number): string => iso(Math.floor(ms / unit) * unit)
const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())

/** The JSON value's own fields; none where it is no object. */
function fields({ value }: ArchivedRecord): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text(value) ?? 'null')
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

/** Values of groups in the order of their keys. */
function grouped<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  return [...Map.groupBy(items, keyOf)].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** What the templates say of the shop, worked out from its records without SQL. */
describe('Templates over the shop', () => {
  const topics = shop()
  const events = topics['shop-events']
  let rig: Rig
  const cleanups: (() => unknown)[] = []
  const t = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
  before(async () => {
    const store = await testStore(t)
    for (const [topic, records] of Object.entries(topics)) await archiveRecords(store, topic, records)
    rig = await openRig(t, store)
  })
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup()
  })
  const run = async (template: string, parameters = {}): Promise<QueryValue[][]> =>
    (await rig.query({ template, parameters: { topic: 'shop-events', ...parameters } })).rows

  it('late-events shows what came later than allowed, latest first', async () => {
    const late = events
      .map((record) => ({ record, at: Date.parse(String(fields(record).happenedAt)) }))
      .filter(({ record, at }) => record.timestampMs - at >= 300_000)
    const rows = await run('late-events', { time_field: 'happenedAt' })
    assert.ok(late.length > 0)
    assert.deepEqual(
      rows.map(([written, happened, seconds, partition, offset, key]) => [
        written,
        happened,
        seconds,
        partition,
        offset,
        key,
      ]),
      late.map(({ record, at }) => [
        iso(record.timestampMs),
        iso(at),
        BigInt(Math.floor((record.timestampMs - at) / 1000)),
        record.partition,
        record.offset,
        text(record.key),
      ]),
    )
  })

  it('funnel counts who began, who followed in time and how long it took', async () => {
    const of = (type: string) => events.filter((record) => fields(record).type === type)
    const starts = grouped(of('OrderPlaced'), (record) => String(fields(record).orderId)).map(([order, placed]) => {
      const at = Math.min(...placed.map(({ timestampMs }) => timestampMs))
      const waits = of('OrderPaid')
        .filter((record) => fields(record).orderId === order && record.timestampMs >= at)
        .map((record) => Math.floor((record.timestampMs - at) / 1000))
        .filter((seconds) => seconds <= 4000)
      return { at, seconds: waits.length === 0 ? null : Math.min(...waits) }
    })
    const expected = grouped(starts, ({ at }) => floorTo(at, HOUR)).map(([hour, begun]) => {
      const followed = begun.flatMap(({ seconds }) => (seconds === null ? [] : [seconds]))
      const sum = followed.reduce((total, seconds) => total + seconds, 0)
      return [
        hour,
        BigInt(begun.length),
        BigInt(followed.length),
        followed.length / begun.length,
        followed.length === 0 ? null : sum / followed.length,
        followed.length === 0 ? null : BigInt(Math.max(...followed)),
      ]
    })
    const parameters = {
      entity_field: 'orderId',
      first_type: 'OrderPlaced',
      second_type: 'OrderPaid',
      within_seconds: 4000,
    }
    assert.deepEqual(await run('funnel', parameters), expected)
  })

  it('field-distribution spreads the numbers over buckets, and leaves out what is none', async () => {
    const numbers = events.map((record) => fields(record).amount).filter((amount) => typeof amount === 'number')
    const expected = [...Map.groupBy(numbers, (amount) => Math.floor(amount / 10) * 10)]
      .sort(([a], [b]) => a - b)
      .map(([from, amounts]) => [
        from,
        BigInt(amounts.length),
        Math.min(...amounts),
        Math.max(...amounts),
        amounts.reduce((sum, amount) => sum + amount, 0) / amounts.length,
        amounts.length / numbers.length,
      ])
    assert.deepEqual(await run('field-distribution', { field: 'amount' }), expected)
  })

  it('inter-event-times measures the pauses of every key', async () => {
    const expected = grouped(
      events.filter(({ key }) => key !== null),
      ({ key }) => text(key)!,
    )
      .filter(([, records]) => records.length > 1)
      .map(([key, records]) => {
        const times = records.map(({ timestampMs }) => timestampMs).sort((a, b) => a - b)
        const pauses = times.slice(1).map((time, index) => (time - times[index]!) / 1000)
        return [key, BigInt(times.length), Math.min(...pauses), Math.max(...pauses)] as const
      })
      .sort((a, b) => b[3] - a[3] || (a[0] < b[0] ? -1 : 1))
    const rows = await run('inter-event-times')
    assert.deepEqual(
      rows.map(([key, count, shortest, , longest]) => [key, count, shortest, longest]),
      expected,
    )
  })

  it('events-with-header and events-per-header look at every header, and at the first', async () => {
    const withTrace = events
      .filter(({ headers }) => headers.some(({ key, value }) => `${key}` === 'trace-id' && text(value) === 't-5'))
      .sort((a, b) => a.timestampMs - b.timestampMs || a.partition - b.partition)
      .map(({ partition, offset }) => [partition, offset])
    const rows = await run('events-with-header', { header: 'trace-id', text: 't-5' })
    assert.deepEqual(
      rows.map(([, partition, offset]) => [partition, offset]),
      withTrace,
    )
    const first = (record: ArchivedRecord) =>
      text(record.headers.find(({ key }) => `${key}` === 'trace-id')?.value ?? null)
    const counts = [...Map.groupBy(events, first)].map(([value, records]) => [value, BigInt(records.length)])
    const perHeader = await run('events-per-header', { header: 'trace-id' })
    const sorted = (list: unknown[][]) => list.map((row) => JSON.stringify(row.map(String))).sort()
    assert.deepEqual(sorted(perHeader.map((row) => row.slice(0, 2))), sorted(counts))
  })

  it('events-with-field and schema-versions read fields of any depth and type', async () => {
    const rows = await run('events-with-field', { field: 'items[0].sku', text: 'sku-1' })
    const found = events.filter(
      (record) => (fields(record).items as { sku: string }[] | undefined)?.[0]?.sku === 'sku-1',
    )
    assert.equal(rows.length, found.length)
    const versions = Map.groupBy(
      events.filter(({ value }) => value !== null),
      (record) => fields(record).version ?? null,
    )
    assert.deepEqual(
      (await run('schema-versions')).map(([, version, count]) => [version, count]),
      ([1, '2', null] as const).map((version) => [
        version === null ? null : String(version),
        BigInt(versions.get(version)!.length),
      ]),
    )
  })

  it('orders-payments-shipments joins three topics by the order', async () => {
    const order = (record: ArchivedRecord) => fields(record).orderId
    const first = (records: readonly ArchivedRecord[]) => Math.min(...records.map(({ timestampMs }) => timestampMs))
    const expected = [...Map.groupBy(events, order)]
      .filter(([id]) => id !== undefined)
      .map(([id, records]) => ({ id: id as string, at: first(records) }))
      .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
      .map(({ id, at }) => {
        const paid = topics.payments.filter((record) => order(record) === id)
        const shipped = topics.shipments.filter((record) => order(record) === id)
        const seconds = (records: readonly ArchivedRecord[]) =>
          records.length === 0 ? null : BigInt(Math.trunc((first(records) - at) / 1000))
        return [
          id,
          iso(at),
          paid.length === 0 ? null : iso(first(paid)),
          BigInt(paid.length),
          paid.reduce((sum, record) => sum + Number(fields(record).amount), 0),
          shipped.length === 0 ? null : iso(first(shipped)),
          seconds(paid),
          seconds(shipped),
        ]
      })
    const { rows } = await rig.query({
      template: 'orders-payments-shipments',
      parameters: { orders: 'shop-events', payments: 'payments', shipments: 'shipments' },
    })
    assert.deepEqual(rows, expected)
  })
})
