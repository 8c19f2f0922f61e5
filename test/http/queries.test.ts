import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { parquetReadObjects } from 'hyparquet'
import { buildServer } from '../../src/http/server.ts'
import { python } from '../kit/python.ts'
import { type TestServices, testServices } from '../kit/services.ts'
import { archiveRecords } from '../query/archive.ts'
import { orders } from '../query/orders.ts'
import { testFolder } from '../query/rig.ts'

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** Counts until it is stopped. */
const ENDLESS = 'SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range = 7'

let rig: TestServices
let server: FastifyInstance

before(async () => {
  const config = `http:
  apiKeys:
    - { name: ann, sha256: ${sha256('ann')} }
    - { name: bob, sha256: ${sha256('bob')} }
query:
  maxRunningPerKey: 2
  maxBytesPerKeyAndDay: 1000000
`
  // nothing listens there: what a query needs the broker for is tested elsewhere
  rig = await testServices({ brokers: ['127.0.0.1:1'], config })
  await archiveRecords(rig.services.store, 'orders', orders())
  server = await buildServer(rig.services, '0.0.0-test')
})
after(async () => {
  await server.close()
  await rig.close()
})

interface Call {
  body?: object
  key?: string
  headers?: Record<string, string>
}

async function raw(method: 'GET' | 'POST', url: string, { body, key = 'ann', headers = {} }: Call = {}) {
  return await server.inject({
    method,
    url,
    headers: { authorization: `Bearer ${key}`, ...headers },
    ...(body && { payload: body }),
  })
}

async function call(method: 'GET' | 'POST', url: string, options: Call = {}) {
  const response = await raw(method, url, options)
  return { status: response.statusCode, headers: response.headers, body: response.json() }
}

const query = (body: object, key?: string) => call('POST', '/v1/queries', { body, ...(key !== undefined && { key }) })

describe('A query over REST', () => {
  it('is answered at once when it is quick, with its id and all that is known of it', async () => {
    const sql = 'SELECT record_partition, record_offset FROM orders ORDER BY 1, 2 LIMIT 2'
    const { status, body, headers } = await query({ sql })
    assert.equal(status, 200, JSON.stringify(body))
    assert.equal(headers.location, `/v1/queries/${body.id}`)
    assert.deepEqual(body.rows, [
      { record_partition: 0, record_offset: 0 },
      { record_partition: 0, record_offset: 1 },
    ])
    assert.deepEqual(
      [body.state, body.by, body.sql, body.engine, body.truncated, body.next, body.statistics.files],
      ['completed', 'ann', sql, 'duckdb', false, null, 4],
    )
    const { body: again } = await call('GET', `/v1/queries/${body.id}`, { key: 'bob' })
    assert.deepEqual([again.state, again.by, again.statistics], ['completed', 'ann', body.statistics])
    assert.ok(Date.parse(again.resultsUntil) > Date.now())
  })

  it('is answered by its id when it is not, and can be waited for and cancelled', async () => {
    const { status, body } = await query({ sql: ENDLESS, wait: 0 })
    assert.equal(status, 202)
    assert.ok(['waiting', 'running'].includes(body.state), body.state)
    const early = await call('GET', `/v1/queries/${body.id}/results`)
    assert.deepEqual([early.status, early.body.code], [409, 'query-not-finished'])
    const { body: cancelled } = await call('POST', `/v1/queries/${body.id}/cancel`)
    assert.equal(cancelled.state, 'cancelled')
    assert.equal(cancelled.error.code, 'query-cancelled')
    const { body: asked } = await call('GET', `/v1/queries/${body.id}?wait=5`)
    assert.equal(asked.state, 'cancelled')
    const prefer = { prefer: 'respond-async' }
    const quick = await call('POST', '/v1/queries', { body: { sql: 'SELECT 7 AS n' }, headers: prefer })
    assert.equal(quick.status, 202)
    const { body: done } = await call('GET', `/v1/queries/${quick.body.id}?wait=30`)
    assert.equal(done.state, 'completed')
    assert.deepEqual((await call('GET', `/v1/queries/${quick.body.id}/results`)).body.rows, [{ n: 7 }])
  })

  it('gives its rows in pages', async () => {
    const { body } = await query({ sql: 'SELECT i FROM range(25) t(i) ORDER BY i' })
    const seen: number[] = []
    for (let after: number | null = 0; after !== null; ) {
      const page: { body: { rows: { i: number }[]; next: number | null } } = await call(
        'GET',
        `/v1/queries/${body.id}/results?after=${after}&limit=10`,
      )
      seen.push(...page.body.rows.map(({ i }) => i))
      after = page.body.next
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 25 }, (_, index) => index),
    )
    const beyond = await call('GET', `/v1/queries/${body.id}/results?after=25`)
    assert.deepEqual([beyond.body.rows, beyond.body.next], [[], null])
  })

  it('streams its rows as NDJSON, CSV, Parquet and Arrow, by name or by Accept', async (t) => {
    const sql = `SELECT record_offset, record_timestamp, record_key, record_partition, CAST('1.50' AS DECIMAL(9,2)) AS price,
      sum(record_partition) OVER () AS total, DATE '2025-01-14' AS day, record_headers, NULL AS nothing
      FROM orders ORDER BY record_partition, record_offset LIMIT 3`
    const { body } = await query({ sql })
    const url = `/v1/queries/${body.id}/results`
    const ndjson = await raw('GET', `${url}?format=ndjson`)
    assert.equal(ndjson.headers['content-type'], 'application/x-ndjson')
    const lines = ndjson.body.trimEnd().split('\n')
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      body.rows,
    )
    const csv = await raw('GET', url, { headers: { accept: 'text/csv' } })
    assert.match(
      csv.body,
      /^record_offset,record_timestamp,.*\r\n0,2025-01-14T09:00:00Z,order-0-0,0,1\.50,60,2025-01-14/,
    )
    const parquet = await raw('GET', url, { headers: { accept: 'application/vnd.apache.parquet, */*' } })
    const bytes = new Uint8Array(parquet.rawPayload)
    const rows = await parquetReadObjects({ file: bytes.buffer as ArrayBuffer, utf8: false })
    assert.deepEqual(rows[1], {
      record_offset: 1n,
      record_timestamp: new Date('2025-01-14T09:02:00Z'),
      record_key: new Uint8Array(Buffer.from('order-0-1')),
      record_partition: 0,
      price: 1.5,
      total: 60,
      day: new Date('2025-01-14'),
      record_headers: '[{"key":"trace","value":"\\u0001"}]',
      nothing: null,
    })
    const arrow = await raw('GET', url, { headers: { accept: 'application/vnd.apache.arrow.stream' } })
    assert.equal(arrow.headers['content-type'], 'application/vnd.apache.arrow.stream')
    const file = join(await testFolder(t), 'r.arrow')
    await writeFile(file, arrow.rawPayload)
    const script = `import sys, pyarrow.ipc as ipc; t = ipc.open_stream(sys.argv[1]).read_all()
print(t.num_rows, *[f'{f.name}: {f.type} = {t[f.name].to_pylist()[1]}' for f in t.schema], sep='\\n')`
    assert.equal(
      await python(script, [file]),
      `3
record_offset: int64 = 1
record_timestamp: timestamp[us, tz=UTC] = 2025-01-14 09:02:00+00:00
record_key: binary = b'order-0-1'
record_partition: int32 = 0
price: decimal128(9, 2) = 1.50
total: decimal128(38, 0) = 60
day: date32[day] = 2025-01-14
record_headers: string = [{"key":"trace","value":"\\u0001"}]
nothing: int32 = None
`,
    )
    const direct = await raw('POST', '/v1/queries', { body: { sql: 'SELECT 1 AS n', format: 'csv' } })
    assert.equal(direct.body, 'n\r\n1\r\n')
    const endless = await query({ sql: "SELECT TIMESTAMP 'infinity' AS at", format: 'arrow' })
    assert.deepEqual([endless.status, endless.body.code], [400, 'value-not-arrow'])
  })

  it('that is wrong is a problem document, and is remembered as failed', async () => {
    const { status, body } = await query({ sql: 'SELECT nope FROM orders' })
    assert.deepEqual([status, body.code, body.details], [400, 'sql-invalid', { line: 1, column: 8 }])
    const { body: history } = await call('GET', '/v1/queries?limit=1')
    const [failed] = history.queries
    assert.deepEqual([failed.state, failed.error.code], ['failed', 'sql-invalid'])
    const results = await call('GET', `/v1/queries/${failed.id}/results`)
    assert.deepEqual([results.status, results.body.code], [400, 'sql-invalid'])
    assert.equal((await query({ sql: 'SELECT 1', engine: 'nope' })).body.code, 'engine-unknown')
    assert.equal((await query({ sql: 'SELECT 1', template: 'top-keys' })).body.code, 'query-usage')
    assert.equal((await query({ sql: 'SELECT 1', window: { from: 'x' } })).body.code, 'query-usage')
    for (const id of ['nope', '..%2f..%2fx', '0123456789ab-01234567890123456789']) {
      const answer = await call('GET', `/v1/queries/${id}`)
      assert.deepEqual([answer.status, answer.body.code], [404, 'query-not-found'], id)
    }
  })

  it('sees only its window, and says beforehand what it would read', async () => {
    const window = { from: '2025-01-14T10:00:00Z', until: '2025-01-14T10:30:00Z' }
    const request = { sql: 'SELECT count(*) AS n FROM orders', window }
    const { body } = await query(request)
    assert.deepEqual([body.rows, body.statistics.files], [[{ n: 30 }], 2])
    const { status, body: estimate } = await call('POST', '/v1/queries/estimate', { body: request })
    assert.deepEqual([status, estimate], [200, { engine: 'duckdb', files: 2, bytes: body.statistics.bytes }])
    const template = { template: 'top-keys', parameters: { topic: 'orders' } }
    assert.equal((await call('POST', '/v1/queries/estimate', { body: template })).body.files, 4)
  })

  it('is listed newest first, page by page', async () => {
    const { body: all } = await call('GET', '/v1/queries')
    const ids: string[] = all.queries.map(({ id }: { id: string }) => id)
    assert.ok(ids.length > 5)
    assert.deepEqual(ids, [...ids].sort().reverse())
    const { body: first } = await call('GET', '/v1/queries?limit=2')
    const { body: second } = await call('GET', `/v1/queries?limit=2&before=${first.next}`)
    assert.deepEqual(
      [...first.queries, ...second.queries].map(({ id }: { id: string }) => id),
      ids.slice(0, 4),
    )
  })

  it('is refused beyond what its key may have, whatever other keys do', async () => {
    const running = await Promise.all([query({ sql: ENDLESS, wait: 0 }), query({ sql: ENDLESS, wait: 0 })])
    const third = await query({ sql: 'SELECT 1' })
    assert.deepEqual([third.status, third.body.code], [429, 'queries-of-key'])
    const other = await query({ sql: 'SELECT 1', wait: 0 }, 'bob')
    assert.equal(other.status, 202)
    for (const { body } of running) await call('POST', `/v1/queries/${body.id}/cancel`)
    assert.equal((await call('GET', `/v1/queries/${other.body.id}?wait=30`)).body.state, 'completed')
  })

  it('is described in OpenAPI', async () => {
    const { paths } = server.swagger() as { paths: Record<string, object> }
    for (const path of ['/v1/queries', '/v1/queries/{id}', '/v1/queries/{id}/results', '/v1/queries/{id}/cancel']) {
      assert.ok(paths[path] !== undefined, path)
    }
  })
})
