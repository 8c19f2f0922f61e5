import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import type { AthenaEngine } from '../../../src/adapters/athena/engine.ts'
import type { ColdstreamError } from '../../../src/errors.ts'
import { TRINO_ENDLESS } from '../../conformance/trino-sql.ts'
import type { AthenaServer } from '../../kit/athena-server.ts'
import { witness } from '../../kit/s3-server.ts'
import { NINE, orders } from '../../query/orders.ts'
import { LIMITS } from '../../query/rig.ts'
import { type AthenaOnTrino, startAthenaOnTrino } from './on-trino.ts'
import { ask } from './rig.ts'

describe('Athena over an archive (its protocol by the kit, its SQL by Trino)', () => {
  let athena: AthenaOnTrino
  let server: AthenaServer
  let engine: AthenaEngine
  before(async () => {
    athena = await startAthenaOnTrino({ thrifty: { cutoffBytes: 100 } })
    server = athena.server
    engine = athena.open()
  })
  after(async () => {
    await engine?.close()
    await athena?.stop()
  })

  it('gives every record byte for byte, nested values as Athena writes them', async () => {
    const { rows, columns, statistics } = await ask(engine, {
      sql: 'SELECT * FROM orders ORDER BY record_partition, record_offset',
    })
    assert.deepEqual(
      columns.map(({ type }) => type),
      ['integer', 'bigint', 'timestamp', 'varbinary', 'varbinary', 'array', 'varchar', 'varchar', 'varchar', 'varchar'],
    )
    const bytes = (buffer: Uint8Array | null) => (buffer === null ? null : new Uint8Array(buffer))
    const expected = orders().map(({ partition, offset, timestampMs, key, value, headers }) => [
      partition,
      offset,
      new Date(timestampMs).toISOString().replace('.000Z', ''),
      bytes(key),
      bytes(value),
      `[{key=trace, value=${Buffer.from(headers[0]!.value!).toString('hex')}}]`,
      ...['2025', '01', '14', timestampMs < NINE + 3_600_000 ? '09' : '10'],
    ])
    assert.deepEqual(rows, expected)
    assert.ok(statistics.scannedBytes! > 1000 && statistics.costUsd! > 0)
  })

  it('binds values of every type, and never reads them as SQL', async () => {
    const evil = "x'; DROP TABLE orders; --"
    const { rows } = await ask(engine, {
      sql: 'SELECT $a, $b + 1, $c, $d, $e, count(*) FROM orders WHERE record_key = to_utf8($f) AND record_timestamp >= $g',
      parameters: [
        { name: 'a', type: 'string', value: evil },
        { name: 'b', type: 'integer', value: 9_007_199_254_740_993n },
        { name: 'c', type: 'boolean', value: true },
        { name: 'd', type: 'double', value: 0.1 },
        { name: 'e', type: 'timestamp', value: -1n },
        { name: 'f', type: 'string', value: 'order-0-3' },
        { name: 'g', type: 'timestamp', value: BigInt(NINE + 3_600_000) * 1000n },
      ],
    })
    const later = orders().filter((r) => String(r.key) === 'order-0-3' && r.timestampMs >= NINE + 3_600_000)
    assert.deepEqual(rows, [
      [evil, 9_007_199_254_740_994n, true, 0.1, '1969-12-31T23:59:59.999999Z', BigInt(later.length)],
    ])
    assert.deepEqual((await ask(engine, { sql: 'SELECT count(*) FROM orders' })).rows, [[120n]])
  })

  it('gives 25,000 rows once each, by pages and by the object that was written', async () => {
    const sql = `SELECT n, IF(n % 7 = 0, NULL, IF(n % 7 = 1, '', 'a "word", ' || CAST(n AS varchar))) AS word
      FROM UNNEST(sequence(1, 5)) a(i), UNNEST(sequence(i * 5000 - 4999, i * 5000)) b(n) ORDER BY n`
    const word = (n: number) => (n % 7 === 0 ? null : n % 7 === 1 ? '' : `a "word", ${n}`)
    const expected = Array.from({ length: 25_000 }, (_, index) => [BigInt(index + 1), word(index + 1)])
    const limits = { ...LIMITS, maxRows: 100_000 }
    const pages = () => server.requests.filter(({ action }) => action === 'GetQueryResults').length
    const before = pages()
    assert.deepEqual((await ask(engine, { sql, limits })).rows, expected)
    assert.equal(pages() - before, 1)
    const stranger = athena.open({ credentials: { accessKeyId: 'AKIASTRANGER', secretAccessKey: 'none' } })
    assert.deepEqual((await ask(stranger, { sql, limits })).rows, expected)
    assert.equal(pages() - before, 1 + 26)
    await stranger.close()
  })

  it('places an error in the statement, and says what to do', async () => {
    await assert.rejects(ask(engine, { sql: "SELECT 'ä',\n  nope FROM orders" }), (error: ColdstreamError) => {
      assert.equal(error.code, 'sql-invalid')
      assert.match(error.message, /^line 2, column 3: .*Column 'nope' cannot be resolved/)
      assert.match(error.remedy, /record_value, record_headers/)
      return true
    })
    await assert.rejects(ask(engine, { sql: 'SELECT * FROM ordrs' }), {
      code: 'sql-invalid',
      message: /^line 1, column 15: .*ordrs.* does not exist/,
      remedy: /coldstream ddl/,
    })
    await assert.rejects(ask(engine, { sql: 'SELECT FROM WHERE' }), {
      code: 'sql-invalid',
      message: /^line 1, column 8: /,
    })
    await assert.rejects(
      ask(engine, {
        sql: 'SELECT x\nFROM orders WHERE record_offset = $o',
        parameters: [{ name: 'o', type: 'integer', value: 1n }],
      }),
      { code: 'sql-invalid', message: /^line 1, column 8: / },
    )
    await assert.rejects(ask(engine, { sql: "SELECT CAST('x' AS integer) FROM orders" }), { code: 'sql-invalid' })
  })

  it('stops in Trino what is cancelled here', async () => {
    const running = new AbortController()
    const answer = ask(engine, { sql: TRINO_ENDLESS }, running.signal)
    while (!server.executions.states().includes('RUNNING')) await new Promise((resolve) => setTimeout(resolve, 20))
    running.abort()
    await assert.rejects(answer, { code: 'query-cancelled' })
    await server.executions.settled()
    assert.equal(server.executions.states().at(-1), 'CANCELLED')
    const left = await athena.define(
      "SELECT count(*) FROM system.runtime.queries WHERE state = 'RUNNING' AND query LIKE '%x * y = z - 1%' AND query NOT LIKE '%runtime%'",
    )
    assert.deepEqual(left.rows, [['0']])
  })

  it('runs one statement for one id', async () => {
    const id = randomUUID()
    const before = server.executions.states().length
    server.fail('StartQueryExecution', { status: null, type: 'lost', carriedOut: true })
    const [a, b] = await Promise.all([
      ask(engine, { id, sql: 'SELECT max(record_offset) FROM orders' }),
      ask(athena.open(), { id, sql: 'SELECT max(record_offset) FROM orders' }),
    ])
    assert.deepEqual(a.rows, b.rows)
    assert.equal(server.executions.states().length, before + 1)
  })

  it("holds to the workgroup's limit of bytes scanned", async () => {
    const sql = 'SELECT count(DISTINCT record_value) FROM orders'
    const thrifty = athena.open({ workgroup: 'thrifty' })
    await assert.rejects(ask(thrifty, { sql }), { code: 'query-scan-limit', message: /Bytes scanned limit/ })
    await thrifty.close()
  })

  it('reads only the partitions that a statement names', async () => {
    const sql = 'SELECT count(record_value) FROM orders'
    const all = (await ask(engine, { sql })).statistics.scannedBytes!
    const one = (await ask(engine, { sql: `${sql} WHERE hour = '09'` })).statistics.scannedBytes!
    assert.ok(one > 0 && one < all * 0.7, `${one} of ${all} bytes`)
  })

  it('leaves the result as an object that anyone can read', async () => {
    const { statistics } = await ask(engine, {
      sql: 'SELECT hour, count(*) AS events FROM orders GROUP BY hour ORDER BY hour',
    })
    const object = await witness(athena.minio).getObject(
      athena.bucket,
      `athena-results/${statistics.engineQueryId}.csv`,
    )
    assert.equal(await text(object), '"hour","events"\n"09","60"\n"10","60"\n')
  })
})
