import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { before, describe, it } from 'node:test'
import { TrinoEngine, type TrinoOptions } from '../../../src/adapters/trino/engine.ts'
import type { ColdstreamError } from '../../../src/errors.ts'
import type { BoundParameter, QueryLimits, QueryValue, TableSource } from '../../../src/ports/query-engine.ts'
import { sharedTrino, type TrinoAccess } from '../../kit/trino.ts'
import { onTrino } from '../../kit/trino-client.ts'

/** An engine with a catalog of its own never asks. */
const noTables = {
  names: () => assert.fail('tables were asked for'),
  load: () => assert.fail('tables were asked for'),
  measure: () => assert.fail('tables were asked for'),
} as unknown as TableSource

const LIMITS: QueryLimits = { maxRows: 1000, maxResultBytes: 1 << 24, timeoutMs: 60_000, maxMemoryBytes: 1 << 28 }

interface Asked {
  parameters?: BoundParameter[]
  limits?: Partial<QueryLimits>
  signal?: AbortSignal
  onProgress?: (share: number) => void
}

describe('Trino behind the port', () => {
  let trino: TrinoAccess
  let engine: TrinoEngine
  const options = (url: string): TrinoOptions => ({
    url,
    user: 'tester',
    password: null,
    accessToken: null,
    catalog: 'hive',
    schema: 'information_schema',
  })
  before(async () => {
    trino = await sharedTrino()
    engine = new TrinoEngine(options(trino.url))
  })

  const start = (sql: string, { parameters = [], limits = {}, signal, onProgress }: Asked = {}) =>
    engine.run(
      {
        sql,
        parameters,
        tables: noTables,
        limits: { ...LIMITS, ...limits },
        ...(onProgress && { onProgress }),
      },
      signal ?? new AbortController().signal,
    )
  async function ask(sql: string, asked: Asked = {}) {
    const result = await start(sql, asked)
    const rows: QueryValue[][] = []
    for await (const batch of result.rows) rows.push(...batch)
    await result.ended
    return { columns: result.columns, rows, statistics: result.statistics() }
  }
  const states = (mark: string) =>
    onTrino(
      trino,
      `SELECT state FROM system.runtime.queries WHERE query LIKE '%${mark}%' AND query NOT LIKE '%runtime.queries%'`,
    )

  it('gives values exactly, whatever their type', async () => {
    const sql = `SELECT
      true, TINYINT '1', SMALLINT '-2', 3, BIGINT '9007199254740993', BIGINT '-9223372036854775808',
      REAL '1.5', 1e300, nan(), infinity(), DECIMAL '12345678901234567890.50', 'ä😀', CAST('a' AS char(3)), X'ff00',
      DATE '2025-01-14', TIME '09:00:00.100', TIMESTAMP '2025-01-14 09:00:00.123456', TIMESTAMP '2025-01-14 09:00:00 UTC',
      TIMESTAMP '2025-01-14 09:00:00.500 +01:30', TIMESTAMP '2025-01-14 09:00:00 Europe/Berlin',
      ARRAY[BIGINT '1', NULL], MAP(ARRAY[1], ARRAY[X'01']), CAST(ROW('k', X'02') AS row(key varchar, value varbinary)),
      JSON '{"a": 1}', UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59', INTERVAL '1' DAY, NULL`
    const { rows } = await ask(sql)
    assert.deepEqual(rows[0], [
      true,
      1,
      -2,
      3,
      9007199254740993n,
      -9223372036854775808n,
      1.5,
      1e300,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      '12345678901234567890.50',
      'ä😀',
      'a  ',
      new Uint8Array([0xff, 0]),
      '2025-01-14',
      '09:00:00.1',
      '2025-01-14T09:00:00.123456',
      '2025-01-14T09:00:00Z',
      '2025-01-14T07:30:00.5Z',
      '2025-01-14T09:00:00[Europe/Berlin]',
      [1n, null],
      [{ key: 1, value: new Uint8Array([1]) }],
      { key: 'k', value: new Uint8Array([2]) },
      '{"a":1}',
      '12151fd2-7586-11e9-8f9e-2a86e4085a59',
      '1 00:00:00.000',
      null,
    ])
  })

  it('names columns and their types', async () => {
    const { columns } = await ask('SELECT 1 AS one, \'x\' AS "Two", now() AS three')
    assert.deepEqual(columns, [
      { name: 'one', type: 'integer' },
      { name: 'Two', type: 'varchar(1)' },
      { name: 'three', type: 'timestamp(3) with time zone' },
    ])
  })

  it('binds parameters by name and type, and leaves what only looks like one', async () => {
    const parameters: BoundParameter[] = [
      { name: 'text', type: 'string', value: "it's -- $n 'ä'" },
      { name: 'n', type: 'integer', value: -9223372036854775808n },
      { name: 'x', type: 'double', value: 1.5e-7 },
      { name: 'yes', type: 'boolean', value: true },
      { name: 'at', type: 'timestamp', value: -1n },
      { name: 'unused', type: 'string', value: 'u' },
    ]
    const sql = `SELECT $text, $n, $x, $yes, $at, '$text', "$n" /* $n */ -- $n
      , $text FROM (SELECT 7 AS "$n")`
    const { rows } = await ask(sql, { parameters })
    const text = "it's -- $n 'ä'"
    const expected = [text, -9223372036854775808n, 1.5e-7, true, '1969-12-31T23:59:59.999999Z', '$text', 7, text]
    assert.deepEqual(rows, [expected])
  })

  it('tells where a statement is wrong, in its own lines and columns, with a hint', async () => {
    const parameters: BoundParameter[] = [{ name: 'n', type: 'integer', value: 1n }]
    const cases: [string, number, number, RegExp, RegExp][] = [
      ["SELECT '😀',\n  nope", 2, 3, /Column 'nope' cannot be resolved/, /record_value/],
      ["SELECT $n, 'it''s', nope", 1, 21, /Column 'nope' cannot be resolved/, /json_extract_scalar/],
      ['SELECT $n\n FROMM x y', 2, 8, /mismatched input 'x'/, /Trino SQL/],
      ['SELECT * FROM missing', 1, 15, /Table 'hive.information_schema.missing' does not exist/, /coldstream ddl/],
      ["SELECT X'00' = 'a'", 1, 14, /Cannot apply operator/, /from_utf8/],
    ]
    for (const [sql, line, column, message, remedy] of cases) {
      await assert.rejects(ask(sql, { parameters }), (error: ColdstreamError) => {
        assert.equal(error.code, 'sql-invalid')
        assert.ok(error.message.startsWith(`line ${line}, column ${column}: `), error.message)
        assert.match(error.message, message)
        assert.match(error.remedy, remedy)
        assert.deepEqual(error.details, { line, column })
        return true
      })
    }
    await assert.rejects(ask('SELECT 1 / 0'), { code: 'sql-invalid', message: 'Division by zero' })
    await assert.rejects(ask('SELECT $m', { parameters }), { code: 'sql-invalid', message: /parameter \$m/ })
  })

  it('lets nothing pass but one statement that reads', async () => {
    const mark = 'never_made'
    const refused = [
      `CREATE TABLE ${mark} (x integer)`,
      `/* SELECT */ DROP TABLE ${mark}`,
      `-- SELECT\nINSERT INTO ${mark} SELECT 1`,
      `EXPLAIN ANALYZE INSERT INTO ${mark} SELECT 1`,
      `EXECUTE IMMEDIATE 'DROP TABLE ${mark}'`,
      `CALL system.create_empty_partition('a', '${mark}', ARRAY['x'], ARRAY['1'])`,
      `SET SESSION query_max_run_time = '1h'`,
      `WITH SESSION query_max_run_time = '1h' SELECT 1`,
      `/**/WITH/**/SESSION--
       query_max_run_time = '1h' SELECT 1`,
      `SELECTED`,
      '',
      ' -- only a comment',
    ]
    for (const sql of refused) await assert.rejects(ask(sql), { code: 'sql-forbidden' }, sql)
    await assert.rejects(ask('SELECT 1; DROP TABLE x'), { code: 'sql-invalid' })
    await assert.rejects(
      ask(`SELECT $n'; DROP TABLE x --`, { parameters: [{ name: 'n', type: 'integer', value: 1n }] }),
      {
        code: 'sql-invalid',
      },
    )
    assert.deepEqual(await states(mark), [])
    const allowed = [
      '-- one\n/* two */ SELECT 1;\n',
      'WITH session AS (SELECT 1 AS x) SELECT * FROM session',
      'WITH session /* of */ (x) AS (SELECT 1) SELECT * FROM session',
      'VALUES 1',
      '(SELECT 1)',
    ]
    for (const sql of allowed) assert.deepEqual((await ask(sql)).rows, [[1]], sql)
  })

  it('cuts the result at rows and bytes, says so, and ends the statement', async () => {
    const sql =
      "SELECT n, rpad('', 100, 'x') AS cut_mark FROM UNNEST(sequence(1, 10000)) AS t(n) CROSS JOIN UNNEST(sequence(1, 100))"
    const rows = await ask(sql, { limits: { maxRows: 15 } })
    assert.deepEqual([rows.rows.length, rows.statistics.rows, rows.statistics.truncated], [15, 15, true])
    const bytes = await ask(sql, { limits: { maxResultBytes: 10_000 } })
    assert.ok(bytes.statistics.truncated && bytes.rows.length > 50 && bytes.rows.length < 100)
    const exact = await ask('SELECT * FROM UNNEST(sequence(1, 15))', { limits: { maxRows: 15 } })
    assert.deepEqual([exact.rows.length, exact.statistics.truncated], [15, false])
    const running = (await states('cut_mark')).filter(([state]) => state === 'RUNNING')
    assert.deepEqual(running, [])
  })

  const endless = (mark: string) =>
    `SELECT count(*) AS ${mark} FROM UNNEST(sequence(1, 10000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 10000)) AS b(y) CROSS JOIN UNNEST(sequence(1, 10000)) AS c(z) WHERE x * y % 7 = z`

  it('stops when it is cancelled, on Trino too', async () => {
    const cancel = new AbortController()
    const run = ask(endless('cancel_mark'), { signal: cancel.signal, onProgress: () => cancel.abort() })
    await assert.rejects(run, { code: 'query-cancelled' })
    assert.deepEqual(await states('cancel_mark'), [['FAILED']])
    await assert.rejects(ask('SELECT 1', { signal: AbortSignal.abort() }), { code: 'query-cancelled' })
  })

  it('stops at its time limit, on Trino too', async () => {
    await assert.rejects(ask(endless('time_mark'), { limits: { timeoutMs: 1_500 } }), {
      code: 'query-timeout',
      message: /1.5 s/,
    })
    assert.deepEqual(await states('time_mark'), [['FAILED']])
  })

  it('stops when its rows are given up, and when the engine is closed', async () => {
    const own = new TrinoEngine(options(trino.url))
    const query = { sql: endless('close_mark'), parameters: [], tables: noTables, limits: LIMITS }
    const result = await own.run(query, new AbortController().signal)
    await own.close()
    await result.ended
    await assert.rejects(result.rows.next(), { code: 'query-cancelled' })
    assert.deepEqual(await states('close_mark'), [['FAILED']])

    const given = await start(endless('return_mark'))
    await given.rows.return?.()
    await given.ended
    assert.deepEqual(await states('return_mark'), [['FAILED']])
  })

  it('refuses what takes more memory than allowed', async () => {
    const sql =
      'SELECT array_agg(x * y) FROM UNNEST(sequence(1, 3000)) AS a(x) CROSS JOIN UNNEST(sequence(1, 3000)) AS b(y)'
    await assert.rejects(ask(sql, { limits: { maxMemoryBytes: 1 << 22, timeoutMs: 120_000 } }), {
      code: 'query-memory',
    })
  })

  it('says so when Trino cannot be reached or is none', async () => {
    const run = (url: string) =>
      new TrinoEngine(options(url)).run(
        { sql: 'SELECT 1', parameters: [], tables: noTables, limits: LIMITS },
        new AbortController().signal,
      )
    await assert.rejects(run('http://127.0.0.1:1'), { code: 'query-engine-failed', message: /cannot be reached/ })
    await withServer(
      (_, response) => response.writeHead(404).end('no'),
      async (url) => assert.rejects(run(url), { code: 'query-engine-failed', message: /HTTP 404/ }),
    )
    await withServer(
      (_, response) => response.writeHead(401).end('who?'),
      async (url) => assert.rejects(run(url), { code: 'query-engine-refused', message: /HTTP 401/ }),
    )
  })

  it('tries again when a proxy or Trino asks for it, follows through the configured address, and shows its credentials', async () => {
    const seen: string[] = []
    let refusals = 2
    await withServer(
      async (request, response) => {
        seen.push(`${request.method} ${request.headers.authorization} ${request.headers['x-trino-user']}`)
        if (refusals-- > 0) {
          response.writeHead(503).end()
          return
        }
        const body: Buffer[] = []
        for await (const part of request) body.push(part as Buffer)
        const { authorization: _, host: __, connection: ___, ...headers } = request.headers
        const answer = await fetch(`${trino.url}${request.url}`, {
          method: request.method!,
          headers: headers as Record<string, string>,
          ...(request.method === 'POST' && { body: Buffer.concat(body) }),
        })
        response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()))
      },
      async (url) => {
        const own = new TrinoEngine({ ...options(url), password: 'geheim' })
        const query = { sql: 'SELECT 1', parameters: [], tables: noTables, limits: LIMITS }
        const { rows } = await own.run(query, new AbortController().signal)
        assert.deepEqual((await rows.next()).value, [[1]])
        await rows.return?.()
      },
    )
    assert.ok(seen.length > 3)
    const credentials = `Basic ${Buffer.from('tester:geheim').toString('base64')} tester`
    assert.ok(seen.every((line) => line.endsWith(credentials)))
  })
})

type Handler = Parameters<typeof createServer>[1]

async function withServer(handle: NonNullable<Handler>, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}
