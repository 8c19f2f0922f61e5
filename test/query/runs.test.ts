import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import type { QueryLimits } from '../../src/ports/query-engine.ts'
import { QueryRuns } from '../../src/query/runs/query-runs.ts'
import { pageOf } from '../../src/query/runs/result-reader.ts'
import { ManualClock } from '../kit/manual-clock.ts'
import { archiveRecords } from './archive.ts'
import { orders } from './orders.ts'
import { openRig, type Rig, testStore } from './rig.ts'

const ENDLESS = 'SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range = 7'
const HOUR = 3_600_000
const signal = new AbortController().signal
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

interface Stage {
  store: ObjectStore
  rig: Rig
  clock: ManualClock
  /** Another instance over the same archive. */
  instance(name: string, options?: Partial<ConstructorParameters<typeof QueryRuns>[0]>): QueryRuns
}

async function stage(t: TestContext, limits: Partial<QueryLimits> = {}): Promise<Stage> {
  const store = await testStore(t)
  await archiveRecords(store, 'orders', orders())
  const rig = await openRig(t, store, undefined, [], limits)
  const clock = new ManualClock(Date.UTC(2025, 5, 1, 12))
  return {
    store,
    rig,
    clock,
    instance(name, options = {}) {
      const runs = new QueryRuns({
        queries: rig.service,
        store,
        clock,
        log: silent,
        instance: name,
        allowance: { maxRunning: Number.POSITIVE_INFINITY, maxBytesPerDay: Number.POSITIVE_INFINITY },
        kept: { resultsMs: HOUR, resultsBytes: 1 << 30, runs: 100 },
        ...options,
      })
      t.after(() => runs.close())
      return runs
    },
  }
}

/** Runs a statement to its end. */
async function finished(runs: QueryRuns, sql: string, by = 'ann'): Promise<string> {
  const { id } = await runs.start({ sql }, { by })
  const { state } = await runs.wait(id, HOUR, signal)
  assert.equal(state, 'completed')
  return id
}

async function objects(store: ObjectStore, id: string): Promise<string[]> {
  const names: string[] = []
  for await (const { path } of store.list(`queries/${id}/`)) names.push(path.split('/').at(-1)!)
  return names.sort()
}

describe('Runs of queries', () => {
  it('keep every value of every row, in as many parts as it takes', async (t) => {
    const { store, instance } = await stage(t)
    const runs = instance('a')
    const sql = `SELECT i, 170141183460469231731687303715884105727::HUGEINT AS huge, 'x'::BLOB AS b, NULL AS n, [1, NULL] AS l,
      TIMESTAMPTZ '2025-01-14 09:00:00Z' AS t, 'NaN'::DOUBLE AS nan, 2.50::DECIMAL(9,2) AS d FROM range(9999) r(i) ORDER BY i`
    const id = await finished(runs, sql)
    const results = await runs.results(id)
    assert.equal(results.rows, 9999)
    const row = (i: number) => [
      BigInt(i),
      170141183460469231731687303715884105727n,
      new Uint8Array([120]),
      null,
      [1, null],
      '2025-01-14T09:00:00Z',
      Number.NaN,
      '2.50',
    ]
    assert.deepEqual(
      await pageOf(results, 9990, 100),
      Array.from({ length: 9 }, (_, index) => row(9990 + index)),
    )
    assert.ok((await objects(store, id)).filter((name) => name.startsWith('rows-')).length >= 1)
  })

  it('keep rows of one small value, of which an engine hands over very many at a time', async (t) => {
    const rows = 300_000
    const runs = (await stage(t, { maxRows: rows })).instance('a')
    const results = await runs.results(await finished(runs, `SELECT i::INTEGER FROM range(${rows}) r(i) ORDER BY i`))
    assert.equal(results.rows, rows)
    assert.deepEqual(await pageOf(results, rows - 2, 10), [[rows - 2], [rows - 1]])
  })

  it('store rows with large values a few at a time', async (t) => {
    const { store, instance } = await stage(t, { maxResultBytes: 1 << 30, maxMemoryBytes: 1 << 30 })
    const runs = instance('a')
    const id = await finished(runs, "SELECT i, repeat('x', 1000000) AS text FROM range(100) r(i) ORDER BY i")
    assert.ok((await objects(store, id)).filter((name) => name.startsWith('rows-')).length >= 3)
    assert.deepEqual(
      (await pageOf(await runs.results(id), 98, 10)).map(([i]) => i),
      [98n, 99n],
    )
  })

  it('are known to every instance: state, results, history', async (t) => {
    const { instance, clock } = await stage(t)
    const [a, b] = [instance('a'), instance('b')]
    const id = await finished(a, 'SELECT count(*) AS n FROM orders')
    assert.equal((await b.get(id)).state, 'completed')
    assert.deepEqual(await pageOf(await b.results(id), 0, 10), [[120n]])
    await clock.pass(1)
    const later = await finished(b, 'SELECT 2', 'bob')
    for (const runs of [a, b]) {
      const listed = await runs.list({ limit: 10 })
      const shown = listed.map((view) => [view.id, view.by, view.instance, view.end?.statistics.rows])
      assert.deepEqual(shown.sort(), [
        [id, 'ann', 'a', 1],
        [later, 'bob', 'b', 1],
      ])
    }
  })

  it('can be cancelled from another instance', async (t) => {
    const { instance } = await stage(t)
    const [a, b] = [instance('a'), instance('b')]
    const { id } = await a.start({ sql: ENDLESS }, { by: 'ann' })
    // the record is written beside the run
    while ((await b.list({ limit: 1 })).length === 0) await new Promise((resolve) => setImmediate(resolve))
    assert.equal((await b.cancel(id)).state, 'running')
    assert.equal((await a.wait(id, HOUR, signal)).state, 'cancelled')
    assert.equal((await b.get(id)).end?.error?.code, 'query-cancelled')
    await assert.rejects(b.results(id), { code: 'query-cancelled', httpStatus: 409 })
  })

  it('are lost with their instance', async (t) => {
    const { instance, store, clock } = await stage(t)
    const request = {
      ...{ id: '0190000000aa-00000000000000000000', by: 'ann', sql: 'SELECT 1', template: null, parameters: {} },
      ...{ engine: 'duckdb', askedMs: clock.nowMs(), instance: 'gone', deadlineMs: clock.nowMs() + 1000 },
    }
    await store.createIfAbsent(`queries/${request.id}/asked.json`, [Buffer.from(JSON.stringify(request))])
    const runs = instance('b')
    assert.equal((await runs.get(request.id)).state, 'running')
    await clock.pass(1001)
    assert.equal((await runs.get(request.id)).state, 'lost')
    await assert.rejects(runs.results(request.id), {
      code: 'query-not-finished',
      remedy: /instance that ran it is gone/,
    })
  })

  it('that were stopped with the service are stored as cancelled', async (t) => {
    const { instance } = await stage(t)
    const runs = instance('a')
    const { id } = await runs.start({ sql: ENDLESS }, { by: 'ann' })
    await runs.close()
    assert.equal((await instance('b').get(id)).state, 'cancelled')
  })

  it('let go of their results after their time, and say so', async (t) => {
    const { instance, clock, store } = await stage(t)
    const runs = instance('a')
    const id = await finished(runs, 'SELECT 1')
    await clock.pass(HOUR)
    await assert.rejects(runs.results(id), { code: 'query-results-gone', httpStatus: 410 })
    await clock.pass(HOUR)
    await finished(runs, 'SELECT 2')
    await runs.close()
    assert.deepEqual(await objects(store, id), ['asked.json', 'ended.json'])
    const other = instance('b')
    assert.equal((await other.get(id)).state, 'completed')
    await assert.rejects(other.results(id), { code: 'query-results-gone' })
  })

  it('let go of the oldest results beyond their bound, and of the oldest runs beyond theirs', async (t) => {
    const { instance, clock, store } = await stage(t)
    const first = instance('first')
    const { end } = await first.get(await finished(first, 'SELECT 9 AS n'))
    const kept = { resultsMs: 100 * HOUR, resultsBytes: 1.5 * end!.parts[0]!.bytes, runs: 3 }
    await clock.pass(HOUR)
    const runs = instance('a', { kept })
    const ids: string[] = []
    for (let run = 0; run < 5; run++) {
      ids.push(await finished(runs, `SELECT ${run} AS n`))
      await clock.pass(HOUR)
    }
    await runs.close()
    const left = await Promise.all(ids.map((id) => objects(store, id)))
    assert.deepEqual(left[0], [])
    assert.deepEqual(left[2], ['asked.json', 'ended.json'])
    assert.deepEqual(left[4], ['asked.json', 'ended.json', 'rows-000000'])
    await assert.rejects(runs.get(ids[0]!), { code: 'query-not-found', httpStatus: 404 })
    await assert.rejects(runs.results(ids[2]!), { code: 'query-results-gone' })
  })

  it('are refused once their key has read its bytes of the day, over all instances, until midnight', async (t) => {
    const { instance, clock } = await stage(t)
    const allowance = { maxRunning: 10, maxBytesPerDay: 1 }
    await finished(instance('a'), 'SELECT count(*) FROM orders')
    const runs = instance('b', { allowance })
    await assert.rejects(runs.start({ sql: 'SELECT 1' }, { by: 'ann' }), { code: 'bytes-of-key', httpStatus: 429 })
    await finished(runs, 'SELECT 1', 'bob')
    await clock.pass(12 * HOUR)
    await finished(runs, 'SELECT 1')
  })
})
