import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { Writable } from 'node:stream'
import { after, before, describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { openServices } from '../../src/app.ts'
import { runCli } from '../../src/cli/program.ts'
import { buildServer } from '../../src/http/server.ts'
import { renderDdl } from '../../src/query/ddl/render.ts'
import { tableShape } from '../../src/query/ddl/table-shape.ts'
import { TRINO_ENDLESS } from '../conformance/trino-sql.ts'
import { resultsIn } from '../kit/athena-results.ts'
import { type AthenaServer, startAthenaServer } from '../kit/athena-server.ts'
import { athenaOnTrino } from '../kit/athena-trino.ts'
import { sharedMinio } from '../kit/minio.ts'
import { freshBucket } from '../kit/s3-server.ts'
import { type TestServices, testServices } from '../kit/services.ts'
import { sharedTrino, type TrinoAccess } from '../kit/trino.ts'
import { onTrino } from '../kit/trino-client.ts'
import { archiveRecords } from '../query/archive.ts'
import { orders } from '../query/orders.ts'

let trino: TrinoAccess
let athena: AthenaServer
let rig: TestServices
let server: FastifyInstance
let schema: string

/** One archive in MinIO, its topic a table of a real Trino, whose engine also stands behind a server of Athena's protocol. */
before(async () => {
  const [minio, access] = await Promise.all([sharedMinio(), sharedTrino()])
  trino = access
  const bucket = await freshBucket(minio)
  schema = `s_${randomUUID().slice(0, 8)}`
  athena = await startAthenaServer({ engine: athenaOnTrino(trino.url), results: resultsIn(minio) })
  const config = `  s3:
    endpoint: ${minio.endpoint}
    region: ${minio.region}
    accessKeyId: ${minio.accessKeyId}
    secretAccessKey: ${minio.secretAccessKey}
http:
  apiKeys:
    - { name: ann, sha256: ${createHash('sha256').update('ann').digest('hex')} }
query:
  cacheFolder: ./cache
  trino: { url: "${trino.url}", schema: ${schema} }
  athena:
    workgroup: primary
    database: ${schema}
    region: ${minio.region}
    endpoint: ${athena.url}
    accessKeyId: ${minio.accessKeyId}
    secretAccessKey: ${minio.secretAccessKey}
    outputLocation: s3://${bucket}/athena-results/
`
  // nothing listens there: no query here needs the broker
  rig = await testServices({ brokers: ['127.0.0.1:1'], archive: `s3://${bucket}/archive`, config })
  const { store } = rig.services
  const segments = await archiveRecords(store, 'orders', orders())
  await onTrino(trino, `CREATE SCHEMA ${schema}`)
  const table = { topic: 'orders', segments, storeUrl: store.url, table: null, schema, fields: {} }
  for (const statement of renderDdl('trino', tableShape({ ...table, discovery: 'registered' }))) {
    // its partitions are registered by a test
    if (!statement.startsWith('CALL')) await onTrino(trino, statement)
  }
  server = await buildServer(rig.services, '0.0.0-test')
})
after(async () => {
  await server?.close()
  await rig?.close()
  await athena?.stop()
})

async function call(method: 'GET' | 'POST', url: string, body?: object) {
  const headers = { authorization: 'Bearer ann' }
  const response = await server.inject({ method, url, headers, ...(body && { payload: body }) })
  return { status: response.statusCode, text: response.body, body: response.json() }
}

/** Runs a command in this process, against services of its own. */
async function coldstream(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' }
  const into = (name: keyof typeof written) =>
    new Writable({
      write(chunk, _, done) {
        written[name] += String(chunk)
        done()
      },
    })
  const code = await runCli(['--config', rig.configFile, ...args], {
    stdout: into('stdout'),
    stderr: into('stderr'),
    version: '0.0.0-test',
    workingFolder: rig.folder,
    openServices,
    signal: new AbortController().signal,
  })
  return { code, ...written }
}

describe('A topic whose partitions a catalog was not told of', () => {
  it('has no rows there until `coldstream ddl --register` has told it', async () => {
    const sql = 'SELECT count(*) AS n FROM orders'
    assert.deepEqual((await call('POST', '/v1/queries', { sql, engine: 'athena', wait: 60 })).body.rows, [{ n: 0 }])
    const registered = await coldstream('ddl', 'orders', '--engine', 'athena', '--schema', schema, '--register')
    assert.equal(registered.code, 0, registered.stderr)
    assert.equal(registered.stdout, `athena knows all partitions of ${schema}.orders now (statements sent: 1)\n`)
    assert.deepEqual((await call('POST', '/v1/queries', { sql, engine: 'athena', wait: 60 })).body.rows, [{ n: 120 }])
  })

  it('is not registered where an engine is not told, or works partitions out', async () => {
    const trinos = await coldstream('ddl', 'orders', '--engine', 'trino', '--register')
    assert.deepEqual([trinos.code, /trino is not told of partitions/.test(trinos.stderr)], [2, true], trinos.stderr)
    const spark = await coldstream('ddl', 'orders', '--engine', 'spark', '--register')
    assert.match(spark.stderr, /no engine "spark" here/)
    const projected = await coldstream(
      ...['ddl', 'orders', '--engine', 'athena', '--partitions', 'projection', '--register'],
    )
    assert.match(projected.stderr, /projected are not registered/)
  })
})

for (const engine of ['trino', 'athena'] as const) {
  describe(`POST /v1/queries with the engine ${engine}`, () => {
    it('answers with its rows, what was scanned, and what that cost, also in the history', async () => {
      const sql = `SELECT record_partition AS p, record_offset AS o, record_key AS k, year FROM orders
        WHERE record_partition = $p ORDER BY 2 LIMIT 3`
      const asked = { sql, engine, parameters: { p: 1 }, wait: 60 }
      const { status, body } = await call('POST', '/v1/queries', asked)
      assert.equal(status, 200, JSON.stringify(body))
      const row = (index: number) => {
        return { p: 1, o: String(9_007_199_254_740_993n + BigInt(index)), k: `order-1-${index}`, year: '2025' }
      }
      assert.deepEqual(body.rows, [row(0), row(1), row(2)])
      assert.deepEqual([body.state, body.engine, body.by, body.statistics.rows], ['completed', engine, 'ann', 3])
      assert.ok(body.statistics.scannedBytes > 0)
      assert.equal(body.statistics.costUsd > 0, engine === 'athena')
      const { body: history } = await call('GET', '/v1/queries?limit=1')
      assert.equal(history.queries[0].id, body.id)
      assert.deepEqual([history.queries[0].engine, history.queries[0].statistics], [engine, body.statistics])
    })

    it('gives the rows of a finished query in pages and as CSV', async () => {
      const sql = 'SELECT n FROM UNNEST(sequence(1, 2500)) t(n) ORDER BY n'
      const { body } = await call('POST', '/v1/queries', { sql, engine, wait: 60 })
      const { body: page } = await call('GET', `/v1/queries/${body.id}/results?after=2000&limit=400`)
      assert.deepEqual([page.rows[0], page.rows.length, page.next], [{ n: 2001 }, 400, 2400])
      const url = `/v1/queries/${body.id}/results?format=csv&after=2498`
      const csv = await server.inject({ method: 'GET', url, headers: { authorization: 'Bearer ann' } })
      assert.equal(csv.body, 'n\r\n2499\r\n2500\r\n')
    })

    it('runs a template and gives the rows that DuckDB gives', async () => {
      const asked = { template: 'events-of-key', parameters: { topic: 'orders', key: 'order-0-3' }, wait: 60 }
      const [here, there] = await Promise.all([
        call('POST', '/v1/queries', asked),
        call('POST', '/v1/queries', { ...asked, engine }),
      ])
      assert.ok(here.body.rows.length > 3)
      assert.deepEqual(there.body.rows, here.body.rows, JSON.stringify(there.body))
    })

    it('is cancelled there too', async () => {
      const running = async () => {
        const [rows] = await onTrino(
          trino,
          "SELECT count(*) FROM system.runtime.queries WHERE state = 'RUNNING' AND query LIKE '%x * y = z - 1%' AND query NOT LIKE '%runtime%'",
        )
        return Number(rows![0])
      }
      const { status, body } = await call('POST', '/v1/queries', { sql: TRINO_ENDLESS, engine, wait: 0 })
      assert.equal(status, 202)
      while ((await running()) === 0) assert.equal((await call('GET', `/v1/queries/${body.id}`)).body.endedAt, null)
      const { body: cancelled } = await call('POST', `/v1/queries/${body.id}/cancel`)
      assert.deepEqual([cancelled.state, cancelled.error.code], ['cancelled', 'query-cancelled'])
      await athena.executions.settled()
      while ((await running()) > 0) await new Promise((resolve) => setImmediate(resolve))
    })

    it('answers what is wrong with the place in the statement', async () => {
      const { status, body } = await call('POST', '/v1/queries', { sql: 'SELECT\n nope FROM orders', engine, wait: 60 })
      assert.deepEqual([status, body.code, body.details.line, body.details.column], [400, 'sql-invalid', 2, 2])
    })

    it('says beforehand what it would read at most: of the topics in its text, or of the window of a template', async () => {
      const estimate = async (body: object) => (await call('POST', '/v1/queries/estimate', { ...body, engine })).body
      const all = await estimate({ sql: 'SELECT count(*) FROM orders' })
      assert.deepEqual([all.engine, all.files, all.costUsd > 0], [engine, 4, engine === 'athena'])
      const parameters = { topic: 'orders', key: 'order-0-3', from: '2025-01-14T10:00:00Z' }
      const hour = await estimate({ template: 'events-of-key', parameters })
      assert.deepEqual([hour.files, hour.bytes < all.bytes], [2, true])
      assert.equal((await estimate({ sql: 'SELECT 1' })).files, 0)
    })

    it('refuses the window of a request, to which the engine cannot be held', async () => {
      const window = { from: '2025-01-14T10:00:00Z' }
      const { status, body } = await call('POST', '/v1/queries', { sql: 'SELECT count(*) FROM orders', engine, window })
      assert.deepEqual([status, body.code], [400, 'query-usage'])
    })

    it('says on the command line how much was scanned', async () => {
      const sql = 'SELECT max(record_offset) AS last FROM orders'
      const { code, stdout, stderr } = await coldstream('query', '--engine', engine, sql)
      assert.equal(code, 0, stderr)
      assert.match(stdout, /^ *last *\n9007199254741057\n/)
      const cost = engine === 'athena' ? String.raw` for \$0\.00005` : ''
      assert.match(stderr, new RegExp(String.raw`^1 rows, [\d.]+ k?B scanned${cost}, in [\d.]+ s$`, 'm'))
    })
  })
}

describe('coldstream doctor', () => {
  it('says of each engine whether it answers, and which topics it has no table of', async () => {
    const { stdout } = await coldstream('doctor')
    assert.match(stdout, /^ok +query engine duckdb: /m)
    for (const engine of ['trino', 'athena']) {
      assert.match(
        stdout,
        new RegExp(`^ok +query engine ${engine}: ${schema} has a table of each archived topic$`, 'm'),
      )
    }
    await archiveRecords(rig.services.store, 'Shop.Payments', orders().slice(0, 1))
    const { stdout: later } = await coldstream('doctor')
    for (const engine of ['trino', 'athena']) {
      assert.match(
        later,
        new RegExp(`^warning +query engine ${engine}: ${schema} has no table of Shop\\.Payments$`, 'm'),
      )
      assert.match(later, new RegExp(`coldstream ddl Shop\\.Payments --engine ${engine} --schema ${schema}`))
    }
  })

  it('says what to do about an engine that does not answer', async () => {
    athena.fail('StartQueryExecution', { status: 400, type: 'AccessDeniedException', message: 'not you' })
    const { code, stdout } = await coldstream('doctor')
    assert.equal(code, 1)
    assert.match(stdout, /^FAILURE +query engine athena: .*not you.*\n +what to do: /m)
  })
})
