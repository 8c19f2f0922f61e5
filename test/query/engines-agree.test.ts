import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { QueryValue } from '../../src/ports/query-engine.ts'
import type { QueryRequest, QueryService } from '../../src/query/query-service.ts'
import type { GivenValue } from '../../src/query/template/values.ts'
import { type TwoEngines, twoEngines } from './two-engines.ts'

/** What each template is asked; `{topic}` is the shop's events unless said otherwise. */
const QUESTIONS: Readonly<Record<string, Readonly<Record<string, GivenValue>>[]>> = {
  'duplicates-by-field': [{ field: 'id' }, { field: 'customer.id', until: '2025-01-14T10:00:00Z' }],
  'events-of-key': [{ key: 'order-3' }, { key: 'größe-😀' }, { key: "it's", from: '2025-01-14T10:30:00Z' }],
  'events-per-header': [{ header: 'trace-id' }, { header: 'tenant' }, { header: 'none' }],
  'events-per-type-and-hour': [{}, { type_field: 'items[0].sku' }, { type_field: 'customer' }],
  'events-with-field': [
    { field: 'items[0].sku', text: 'sku-1', limit: 5 },
    { field: 'customer.name', text: 'Ünal "X" \\ 😀', from: '2025-01-14T11:00:00Z' },
    { field: 'version', text: '1' },
  ],
  'events-with-header': [
    { header: 'trace-id', text: 't-5' },
    { header: 'tenant', text: 'müller' },
    { header: 'trace-id', text: 't-5', from: '2025-01-14T10:00:00Z', until: '2025-01-14T11:00:00Z' },
  ],
  'field-distribution': [{ field: 'amount' }, { field: 'amount', width: 2.5, limit: 7 }, { field: 'orderId' }],
  funnel: [
    { entity_field: 'orderId', first_type: 'OrderPlaced', second_type: 'OrderPaid' },
    { entity_field: 'customer.id', first_type: 'OrderPaid', second_type: 'OrderShipped', within_seconds: 200 },
    { entity_field: 'orderId', first_type: 'OrderShipped', second_type: 'None' },
  ],
  'gaps-and-tombstones': [{}, { from: '2025-01-14T10:00:00Z', until: '2025-01-14T12:00:00Z' }],
  'inter-event-times': [{}, { limit: 3 }],
  'late-events': [
    { time_field: 'happenedAt' },
    { time_field: 'happenedAt', late_seconds: 0, limit: 40 },
    { time_field: 'id' },
  ],
  'latest-state-per-key': [{}, { include_deleted: true, until: '2025-01-14T10:45:00Z' }],
  'orders-payments-shipments': [{}, { until: '2025-01-14T10:00:00Z', amount_field: 'nope' }],
  'schema-versions': [{}, { version_field: 'type' }],
  'top-keys': [{}, { limit: 2 }],
  'volume-per-partition-and-hour': [{}, { from: '2025-01-14T09:30:00.000Z' }],
}

/** The types of both engines in the words of a template's header. */
const WORDS: readonly [RegExp, string][] = [
  [/^varchar(\(\d+\))?$/i, 'string'],
  [/^integer$/i, 'integer'],
  [/^bigint$/i, 'bigint'],
  [/^double$/i, 'double'],
  [/^boolean$/i, 'boolean'],
  [/^timestamp(\(\d\))? with time zone$/i, 'timestamp'],
  [/^(blob|varbinary)$/i, 'bytes'],
]
const wordOf = (type: string): string => WORDS.find(([pattern]) => pattern.test(type))?.[1] ?? type

async function ask(service: QueryService, request: QueryRequest) {
  const result = await service.run(request, new AbortController().signal)
  const rows: QueryValue[][] = []
  for await (const batch of result.rows) rows.push(...batch)
  const columns = result.columns.map(({ name, type }) => ({ name, type: wordOf(type) }))
  return { columns, rows, statistics: result.statistics() }
}

describe('DuckDB and Trino over the same archive', () => {
  let engines: TwoEngines
  const cleanups: (() => unknown)[] = []
  before(async () => {
    engines = await twoEngines({ after: (cleanup) => void cleanups.push(cleanup) })
  })
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup()
  })

  it('were asked every template', () => {
    const names = engines.duckdb.templates().map(({ name }) => name)
    assert.deepEqual(Object.keys(QUESTIONS).sort(), names)
  })

  for (const [template, questions] of Object.entries(QUESTIONS)) {
    it(`give equal answers to ${template}, in its order and with the columns its header declares`, async (t) => {
      const counts: number[] = []
      for (const given of questions) {
        const topics: Record<string, string> =
          template === 'orders-payments-shipments'
            ? { orders: 'shop-events', payments: 'payments', shipments: 'shipments' }
            : { topic: 'shop-events' }
        const request = { template, parameters: { ...topics, ...given } }
        const duckdb = await ask(engines.duckdb, request)
        const trino = await ask(engines.onTrino, request)
        const info = engines.duckdb.templates().find(({ name }) => name === template)!
        const declared = info.columns.map(({ name, type }) => ({ name, type }))
        assert.deepEqual(duckdb.columns, declared, `DuckDB's columns, ${JSON.stringify(given)}`)
        assert.deepEqual(trino.columns, declared, `Trino's columns, ${JSON.stringify(given)}`)
        assert.deepEqual(trino.rows, duckdb.rows, JSON.stringify(given))
        counts.push(duckdb.rows.length)
      }
      t.diagnostic(`${template}: rows ${counts.join(', ')}, equal`)
      assert.ok(counts[0]! > 0, 'the first question has an answer')
    })
  }
})
