import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { AthenaEngine } from '../../../src/adapters/athena/engine.ts'
import { SystemClock } from '../../../src/adapters/system-clock.ts'
import type { QueryValue } from '../../../src/ports/query-engine.ts'
import { commitLogSnapshots } from '../../../src/query/archive-snapshots.ts'
import { QueryService } from '../../../src/query/query-service.ts'
import { filesInPlace } from '../../../src/query/segment-files.ts'
import { BUILT_IN_TEMPLATES, loadTemplates } from '../../../src/query/template/library.ts'
import type { GivenValue } from '../../../src/query/template/values.ts'
import { type AthenaServer, startAthenaServer } from '../../kit/athena-server.ts'
import { athenaOnTrino } from '../../kit/athena-trino.ts'
import { LIMITS } from '../../query/rig.ts'
import { type TwoEngines, twoEngines } from '../../query/two-engines.ts'
import { optionsFor } from './rig.ts'

/** Besides the topic, which is the shop's events unless it is said. */
const QUESTIONS: Readonly<Record<string, Readonly<Record<string, GivenValue>>>> = {
  'duplicates-by-field': { field: 'id' },
  'events-of-key': { key: 'order-3' },
  'events-per-header': { header: 'trace-id' },
  'events-per-type-and-hour': {},
  'events-with-field': { field: 'customer.name', text: 'Ünal "X" \\ 😀' },
  'events-with-header': { header: 'tenant', text: 'müller' },
  'field-distribution': { field: 'amount', width: 2.5 },
  funnel: { entity_field: 'orderId', first_type: 'OrderPlaced', second_type: 'OrderPaid' },
  'gaps-and-tombstones': { from: '2025-01-14T10:00:00Z', until: '2025-01-14T12:00:00Z' },
  'inter-event-times': { limit: 3 },
  'late-events': { time_field: 'happenedAt' },
  'latest-state-per-key': { include_deleted: true },
  'orders-payments-shipments': { orders: 'shop-events', payments: 'payments', shipments: 'shipments' },
  'schema-versions': {},
  'top-keys': { limit: 2 },
  'volume-per-partition-and-hour': { from: '2025-01-14T09:30:00.000Z' },
}

describe('every template on Athena (its protocol by the kit, its SQL by Trino)', () => {
  const cleanups: (() => unknown)[] = []
  const t = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
  let engines: TwoEngines
  let server: AthenaServer
  let athena: QueryService
  before(async () => {
    engines = await twoEngines(t)
    server = await startAthenaServer({ engine: athenaOnTrino(engines.trino.url) })
    t.after(() => server.stop())
    const engine = new AthenaEngine(optionsFor(server.url, { database: engines.schema }), new SystemClock())
    t.after(() => engine.close())
    athena = new QueryService({
      engines: [engine],
      defaultEngine: 'athena',
      broker: () => Promise.reject(new Error('nobody asks')),
      snapshots: commitLogSnapshots(engines.store),
      files: filesInPlace({ url: 'file:///none', getRange: () => Promise.reject(new Error('nobody reads')) }),
      templates: await loadTemplates([BUILT_IN_TEMPLATES]),
      clock: new SystemClock(),
      limits: LIMITS,
      concurrency: { running: 2, waiting: 20 },
    })
  })
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup()
  })

  it('was asked', () => {
    assert.deepEqual(
      Object.keys(QUESTIONS).sort(),
      athena.templates().map(({ name }) => name),
    )
  })

  for (const [template, given] of Object.entries(QUESTIONS)) {
    it(`${template}: its answer is that of DuckDB, no value of it in the text`, async () => {
      const parameters = template === 'orders-payments-shipments' ? given : { topic: 'shop-events', ...given }
      const [expected, answer] = await Promise.all([engines.duckdb, athena].map(ask))
      assert.ok(answer!.length > 0)
      assert.deepEqual(answer, expected)
      const { input } = server.requests.findLast(({ action }) => action === 'StartQueryExecution')!
      assert.doesNotMatch(String(input.QueryString), /order-3|müller|Ünal|OrderPlaced|happenedAt/)

      async function ask(service: QueryService): Promise<QueryValue[][]> {
        const result = await service.run({ template, parameters }, new AbortController().signal)
        const rows: QueryValue[][] = []
        for await (const batch of result.rows) rows.push(...batch)
        return rows
      }
    })
  }
})
