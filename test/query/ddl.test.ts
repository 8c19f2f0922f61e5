import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import type { CommittedSegment } from '../../src/format/segment.ts'
import { commitLogSnapshots } from '../../src/query/archive-snapshots.ts'
import { DDL_ENGINES, ddlText, renderDdl } from '../../src/query/ddl/render.ts'
import { type ShapeOptions, tableShape } from '../../src/query/ddl/table-shape.ts'
import { onTrino } from '../kit/trino-client.ts'
import { archiveRecords } from './archive.ts'
import { orders } from './orders.ts'
import { testStore } from './rig.ts'
import { shop } from './shop.ts'
import { type TwoEngines, twoEngines } from './two-engines.ts'

const run = promisify(execFile)
const repository = fileURLToPath(new URL('../..', import.meta.url))

/** Segments of which only the paths count here. */
const segmentsAt = (...paths: string[]): CommittedSegment[] => paths.map((path) => ({ path }) as CommittedSegment)

const example: ShapeOptions = {
  topic: 'orders',
  segments: segmentsAt(
    'topics/orders/year=2025/month=01/day=14/hour=09/orders+0+0000000000.parquet',
    'topics/orders/year=2026/month=11/day=24/hour=18/orders+0+0004711000.parquet',
  ),
  storeUrl: 's3://kafka-event-archive',
  table: null,
  schema: 'events',
  discovery: 'registered',
  fields: { status: 'status', customer_id: 'customer.id' },
}

describe('The statements of coldstream ddl', () => {
  for (const engine of DDL_ENGINES) {
    it(`are those of queries/ddl for ${engine}`, async () => {
      const file = join(repository, 'queries/ddl', `orders-${engine}.sql`)
      assert.equal(ddlText(renderDdl(engine, tableShape(example))), await readFile(file, 'utf8'))
    })
  }
  for (const engine of ['athena', 'trino'] as const) {
    it(`are those of queries/ddl for ${engine} with a projection`, async () => {
      const file = join(repository, 'queries/ddl', `orders-${engine}-projection.sql`)
      const shape = tableShape({ ...example, discovery: 'projection' })
      assert.equal(ddlText(renderDdl(engine, shape)), await readFile(file, 'utf8'))
    })
  }

  it('quote what a store, a path or a field may hold', () => {
    const shape = tableShape({
      ...example,
      topic: "Odd 'name'.v1",
      segments: segmentsAt("topics/Odd 'name'.v1/dt=2025-01-14/f.parquet"),
      storeUrl: "s3://bucket/o'brien",
    })
    assert.equal(shape.table, 'odd__name__v1')
    for (const engine of DDL_ENGINES) {
      const text = ddlText(renderDdl(engine, shape))
      assert.match(text, /o''brien\/topics\/Odd ''name''\.v1/)
      // as many quotes as close each other
      assert.equal((text.match(/'/g) ?? []).length % 2, 0)
    }
    const projected = ddlText(renderDdl('athena', { ...shape, discovery: 'projection' }))
    assert.match(projected, /'projection\.dt\.type' = 'date',\n {2}'projection\.dt\.range' = '2025-01-14,NOW'/)
  })

  it('are refused where files make no table, or options no name', () => {
    const refused: [Partial<ShapeOptions>, string, RegExp][] = [
      [{ segments: [] }, 'ddl-layout', /nothing of it is archived yet/],
      [{ segments: segmentsAt('topics/orders/partition/x.parquet') }, 'ddl-layout', /folders without names/],
      [
        { segments: [...example.segments, ...segmentsAt('topics/orders/dt=2025-01-14/x.parquet')] },
        'ddl-layout',
        /several layouts/,
      ],
      [{ table: 'Orders"' }, 'ddl-options', /--table/],
      [{ schema: 'a.b' }, 'ddl-options', /--schema/],
      [{ fields: { 'a b': 'x' } }, 'ddl-options', /--field/],
      [{ fields: { a: "x') --" } }, 'ddl-options', /no field path/],
    ]
    for (const [options, code, message] of refused) {
      assert.throws(() => tableShape({ ...example, ...options }), { code, message })
    }
    const words = tableShape({ ...example, segments: segmentsAt('topics/orders/region=eu/x.parquet') })
    assert.throws(() => renderDdl('trino', { ...words, discovery: 'projection' }), { code: 'ddl-projection' })
  })

  it('are printed by the command', async (t) => {
    const store = await testStore(t)
    await archiveRecords(store, 'orders', orders())
    const env = { ...process.env, COLDSTREAM_STORE: store.url }
    const coldstream = (...args: string[]) =>
      run(process.execPath, [join(repository, 'src/main.ts'), 'ddl', 'orders', ...args], { env })
    const { stdout } = await coldstream('--engine', 'trino', '--table', 'mine', '--field', 'kind=type')
    assert.match(stdout, /^CREATE TABLE IF NOT EXISTS "events"."mine" \(/)
    assert.match(stdout, /json_extract_scalar\(from_utf8\(record_value\), '\$\.type'\) AS "kind"/)
    const json = JSON.parse((await coldstream('--engine', 'duckdb', '--json')).stdout)
    assert.deepEqual([json.engine, json.table, json.statements.length], ['duckdb', 'orders', 3])
    await assert.rejects(coldstream('--engine', 'spark', '--partitions', 'projection'), { code: 2 })
    await assert.rejects(coldstream('--engine', 'bigquery'), { code: 2 })
  })

  it('make DuckDB show every record of a folder', async (t) => {
    const store = await testStore(t)
    await archiveRecords(store, 'orders', orders())
    const shape = tableShape({
      ...example,
      segments: (await commitLogSnapshots(store).load('orders')).segments,
      storeUrl: store.url,
      fields: { kind: 'type' },
    })
    const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
    for (const statement of renderDdl('duckdb', shape)) await duckdb.run(statement)
    const rows = async (sql: string) => (await duckdb.runAndReadAll(sql)).getRowsJson()
    assert.deepEqual(await rows(`SELECT count(*), count(DISTINCT hour), typeof(any_value(hour)) FROM events.orders`), [
      [String(orders().length), '2', 'VARCHAR'],
    ])
    const decoded = await rows(
      `SELECT "key", kind, headers[1].key FROM events.orders_decoded WHERE record_partition = 0 ORDER BY record_offset LIMIT 5`,
    )
    assert.deepEqual(decoded, [
      ['order-0-0', 'OrderPlaced', 'trace'],
      ['order-0-1', 'OrderPaid', 'trace'],
      ['order-0-2', 'OrderShipped', 'trace'],
      ['order-0-3', null, 'trace'],
      ['order-0-4', null, 'trace'],
    ])
  })
})

describe('The statements of coldstream ddl on a real Trino', () => {
  let engines: TwoEngines
  const cleanups: (() => unknown)[] = []
  before(async () => {
    engines = await twoEngines({ after: (cleanup) => void cleanups.push(cleanup) })
  })
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup()
  })
  const records = shop()['shop-events']

  for (const discovery of ['registered', 'projection'] as const) {
    it(`show every record byte for byte, partitions ${discovery}`, async () => {
      const table = `t_${randomUUID().slice(0, 8)}`
      const shape = await engines.shape('shop-events', { table, discovery, fields: { kind: 'type' } })
      for (const statement of renderDdl('trino', shape)) await onTrino(engines.trino, statement)
      const rows = await onTrino(
        engines.trino,
        `SELECT record_partition, CAST(record_offset AS varchar), CAST(to_unixtime(record_timestamp) * 1000 AS bigint),
           to_hex(record_key), to_hex(record_value), transform(record_headers, h -> h.key || '=' || coalesce(to_hex(h.value), 'null')), hour
         FROM ${engines.schema}.${table} WHERE year = '2025' AND month = '01' AND day = '14' ORDER BY 1, record_offset`,
      )
      const hex = (bytes: Uint8Array | null) =>
        bytes === null ? null : Buffer.from(bytes).toString('hex').toUpperCase()
      const expected = records.map((record) => [
        record.partition,
        String(record.offset),
        record.timestampMs,
        hex(record.key),
        hex(record.value),
        record.headers.map(({ key, value }) => `${key}=${hex(value) ?? 'null'}`),
        String(new Date(record.timestampMs).getUTCHours()).padStart(2, '0'),
      ])
      assert.deepEqual(rows, expected)
      const kinds = await onTrino(
        engines.trino,
        `SELECT kind, count(*), count("key"), min(headers[1].value) FROM ${engines.schema}.${table}_decoded
         WHERE cardinality(headers) = 3 AND year = '2025' AND month = '01' AND day = '14' GROUP BY 1 ORDER BY 1`,
      )
      assert.equal(kinds.length, 4)
      assert.ok(kinds.every(([, , , value]) => value === 'müller'))
    })
  }
})
