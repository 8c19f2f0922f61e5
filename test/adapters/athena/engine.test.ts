import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { AthenaEngine } from '../../../src/adapters/athena/engine.ts'
import { SystemClock } from '../../../src/adapters/system-clock.ts'
import { ColdstreamError } from '../../../src/errors.ts'
import { SqlFailure } from '../../kit/athena-refusal.ts'
import { ManualClock } from '../../kit/manual-clock.ts'
import { LIMITS } from '../../query/rig.ts'
import { actions, ask, numbers, optionsFor, SECRET, scripted, untilStopped } from './rig.ts'

describe('Athena, starting a query:', () => {
  it('names workgroup, catalog, database and place of results, and signs the request', async (t) => {
    const where = { workgroup: 'primary', database: 'archive', outputLocation: 's3://results/coldstream' }
    const { server, engine } = await scripted(t, () => numbers(1), where)
    await ask(engine, { id: 'q-1', sql: 'SELECT 1; ' })
    const { input, authorization } = server.requests[0]!
    assert.match(String(input.ClientRequestToken), /^[0-9a-f]{64}$/)
    assert.deepEqual(input, {
      QueryString: 'SELECT 1',
      ClientRequestToken: input.ClientRequestToken,
      WorkGroup: 'primary',
      QueryExecutionContext: { Catalog: 'AwsDataCatalog', Database: 'archive' },
      ResultConfiguration: { OutputLocation: 's3://results/coldstream' },
    })
    assert.match(authorization, /^AWS4-HMAC-SHA256 Credential=AKIATEST\/\d+\/eu-west-1\/athena\//)
    assert.deepEqual(actions(server), ['StartQueryExecution', 'GetQueryExecution', 'GetQueryResults'])
  })

  it('binds values by name and type beside the text, and refuses what has none or is too long', async (t) => {
    const { server, engine } = await scripted(t, () => numbers(1))
    const evil = "x'; DROP TABLE orders; --"
    await ask(engine, {
      sql: "SELECT n FROM t WHERE a = $a AND b > $b AND c = $c AND d < $d AND e = $e AND f = '$a' -- why $b",
      parameters: [
        { name: 'a', type: 'string', value: evil },
        { name: 'b', type: 'integer', value: 9_007_199_254_740_993n },
        { name: 'c', type: 'boolean', value: true },
        { name: 'd', type: 'double', value: 0.5 },
        { name: 'e', type: 'timestamp', value: 1_736_845_200_000_001n },
      ],
    })
    const { input } = server.requests[0]!
    assert.equal(
      input.QueryString,
      "SELECT n FROM t WHERE a = ?  AND b > ?  AND c = ?  AND d < ?  AND e = ?  AND f = '$a' -- why $b",
    )
    assert.deepEqual(input.ExecutionParameters, [
      "'x''; DROP TABLE orders; --'",
      "BIGINT '9007199254740993'",
      'true',
      "DOUBLE '0.5'",
      "TIMESTAMP '2025-01-14 09:00:00.000001 UTC'",
    ])
    await assert.rejects(ask(engine, { sql: 'SELECT n FROM t WHERE a = $a' }), { code: 'sql-invalid', message: /\$a/ })
    const long = { name: 'a', type: 'string', value: 'x'.repeat(1025) } as const
    await assert.rejects(ask(engine, { sql: 'SELECT n FROM t WHERE a = $a', parameters: [long] }), {
      code: 'sql-invalid',
      message: /a is too long for Athena: 1027 of 1024/,
    })
  })

  it('lets nothing pass that is not one statement that reads', async (t) => {
    const { server, engine } = await scripted(t, () => numbers(1))
    const refused = [
      'DROP TABLE orders',
      'INSERT INTO orders SELECT 1',
      'CREATE TABLE x AS SELECT 1',
      "UNLOAD (SELECT 1) TO 's3://elsewhere/' WITH (format = 'PARQUET')",
      'SELECT 1; DROP TABLE orders',
      '/* SELECT */ DELETE FROM orders',
      '-- SELECT\nALTER TABLE orders ADD COLUMNS (x int)',
      'MSCK REPAIR TABLE orders',
      'EXPLAIN ANALYZE INSERT INTO orders SELECT 1',
      'PREPARE p FROM SELECT 1',
      'EXECUTE p',
      "WITH SESSION query_max_run_time = '1d' SELECT 1",
      'CALL system.x()',
      "USING EXTERNAL FUNCTION f(x int) RETURNS int LAMBDA 'f' SELECT f(1)",
      '"SELECT" 1',
      '',
      ' ; ',
    ]
    for (const sql of refused) await assert.rejects(ask(engine, { sql }), { code: 'sql-forbidden' }, sql)
    await assert.rejects(ask(engine, { sql: `SELECT '${'x'.repeat(262_144)}'` }), { code: 'sql-invalid' })
    assert.deepEqual(server.requests, [])
    const taken = [
      "SELECT ';'",
      '(SELECT 1)',
      'with a AS (SELECT 1) SELECT * FROM a',
      'VALUES 1',
      '/* a; */ SELECT 1 ; --b',
    ]
    for (const sql of taken) assert.equal((await ask(engine, { sql })).rows.length, 1, sql)
  })

  it('starts one execution although the answer to the first try was lost', async (t) => {
    const { server, engine } = await scripted(t, () => numbers(3))
    server.fail(
      'StartQueryExecution',
      { status: null, type: 'lost', carriedOut: true },
      { status: 500, type: 'InternalServerException' },
    )
    const { rows } = await ask(engine, { id: 'q-lost', sql: 'SELECT n FROM t' })
    assert.deepEqual(rows, [[0n], [1n], [2n]])
    assert.deepEqual(server.executions.states(), ['SUCCEEDED'])
    assert.equal(server.requests.filter(({ action }) => action === 'StartQueryExecution').length, 3)
  })

  it('starts one execution for one id also from two processes, and refuses the id for another statement', async (t) => {
    const { server, engine } = await scripted(t, () => numbers(1))
    const other = new AthenaEngine(optionsFor(server.url), new SystemClock())
    await Promise.all([ask(engine, { id: 'q-2', sql: 'SELECT 2' }), ask(other, { id: 'q-2', sql: 'SELECT 2' })])
    assert.equal(server.executions.states().length, 1)
    await assert.rejects(ask(other, { id: 'q-2', sql: 'SELECT 3' }), { code: 'query-id-taken' })
    await other.close()
    await ask(engine, { id: 'q-3', sql: 'SELECT 2' })
    assert.equal(server.executions.states().length, 2)
  })

  it('asks again when Athena is busy, after waits that double and differ, and gives up at last', async (t) => {
    const clock = new ManualClock(0)
    const { server, engine } = await scripted(t, () => numbers(1), { clock })
    const busy = { status: 400, type: 'TooManyRequestsException' }
    server.fail('StartQueryExecution', busy, busy, busy)
    server.fail('GetQueryExecution', { status: 400, type: 'ThrottlingException' })
    server.fail('GetQueryResults', busy)
    const limits = { ...LIMITS, timeoutMs: 3_600_000 }
    assert.equal((await passing(clock, ask(engine, { sql: 'SELECT 1', limits }))).rows.length, 1)
    const waits = clock.slept.filter((ms) => ms < limits.timeoutMs)
    assert.ok(waits[0]! <= 400 && waits[1]! <= 800 && waits[2]! <= 1600, `waited ${waits}`)
    server.fail('StartQueryExecution', ...Array.from({ length: 8 }, () => busy))
    await assert.rejects(passing(clock, ask(engine, { sql: 'SELECT 1', limits })), { code: 'athena-throttled' })
  })

  it('says what is wrong with the settings, without a secret, and does not ask again', async (t) => {
    const { server, engine } = await scripted(t, () => numbers(1))
    const cases: [type: string, message: string, code: string, remedy: RegExp][] = [
      ['AccessDeniedException', 'User: x is not authorized', 'athena-access-denied', /policy in docs\/athena.md/],
      ['UnrecognizedClientException', 'The security token is invalid', 'athena-credentials-refused', /access key/],
      ['ExpiredTokenException', 'The token has expired', 'athena-credentials-expired', /Renew/],
      ['InvalidRequestException', 'WorkGroup x is not found.', 'athena-workgroup', /query.athena.workgroup/],
      [
        'InvalidRequestException',
        'No output location provided',
        'athena-output-location',
        /query.athena.outputLocation/,
      ],
      ['MetadataException', 'Catalog x', 'athena-catalog', /query.athena.catalog/],
      ['SomeException', 'unheard of', 'athena-refused', /message/],
    ]
    for (const [type, message, code, remedy] of cases) {
      server.fail('StartQueryExecution', { status: 400, type, message })
      await assert.rejects(ask(engine, { sql: 'SELECT 1' }), (error: unknown) => {
        assert.ok(error instanceof ColdstreamError)
        assert.equal(error.code, code)
        assert.match(error.remedy, remedy)
        assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), new RegExp(SECRET))
        return true
      })
    }
    assert.equal(server.requests.length, cases.length)
  })

  it('says that no answer came, when nobody listens', async () => {
    const clock = new ManualClock(0)
    const engine = new AthenaEngine(optionsFor('http://127.0.0.1:1'), clock)
    const limits = { ...LIMITS, timeoutMs: 3_600_000 }
    await assert.rejects(passing(clock, ask(engine, { sql: 'SELECT 1', limits })), { code: 'athena-unreachable' })
    await engine.close()
  })
})

describe('Athena, waiting for a query:', () => {
  it('looks soon at first, then ever less often, by the clock and by chance', async (t) => {
    const clock = new ManualClock(0)
    const { server, engine } = await scripted(t, async () => await release.promise, { clock })
    const release = Promise.withResolvers<ReturnType<typeof numbers>>()
    const limits = { ...LIMITS, timeoutMs: 36_000_000 }
    const answer = ask(engine, { sql: 'SELECT 1', limits })
    await passing(
      clock,
      until(() => clock.slept.length > 14),
    )
    release.resolve(numbers(1))
    await passing(clock, answer)
    const waits = clock.slept.filter((ms) => ms < limits.timeoutMs)
    waits.forEach((ms, look) => {
      const longest = Math.min(5_000, 100 * 1.6 ** look)
      assert.ok(ms >= longest / 2 && ms <= longest, `look ${look} after ${ms} ms`)
    })
    assert.equal(server.requests.filter(({ action }) => action === 'GetQueryExecution').length, waits.length + 1)
  })

  it('stops the query in Athena when it is cancelled, and when its time is over', async (t) => {
    const { server, engine } = await scripted(t, (_, signal) => untilStopped(signal))
    await assert.rejects(ask(engine, { sql: 'SELECT 1' }, AbortSignal.abort()), { code: 'query-cancelled' })
    assert.deepEqual(server.requests, [])
    const running = new AbortController()
    const answer = ask(engine, { sql: 'SELECT 1' }, running.signal)
    await until(() => server.requests.some(({ action }) => action === 'GetQueryExecution'))
    running.abort()
    await assert.rejects(answer, { code: 'query-cancelled' })
    const limits = { ...LIMITS, timeoutMs: 300 }
    await assert.rejects(ask(engine, { sql: 'SELECT 2', limits }), { code: 'query-timeout', message: /0.3 s/ })
    assert.deepEqual(server.executions.states(), ['CANCELLED', 'CANCELLED'])
  })

  it('stops a query also when it was cancelled while its start was in doubt', async (t) => {
    const clock = new ManualClock(0)
    const { server, engine } = await scripted(t, (_, signal) => untilStopped(signal), { clock })
    server.fail('StartQueryExecution', { status: null, type: 'lost', carriedOut: true })
    const running = new AbortController()
    const answer = ask(engine, { sql: 'SELECT 1' }, running.signal)
    // the pause before the second try
    await until(() => clock.slept.length === 2)
    running.abort()
    await assert.rejects(answer, { code: 'query-cancelled' })
    await until(() => server.executions.states()[0] === 'CANCELLED')
    assert.deepEqual(actions(server), ['StartQueryExecution', 'StopQueryExecution'])
  })

  it('tells that a query may go on, when it could not be stopped', async (t) => {
    const { server, engine } = await scripted(t, (_, signal) => untilStopped(signal))
    server.fail('StopQueryExecution', { status: 400, type: 'AccessDeniedException', message: 'not you' })
    const running = new AbortController()
    const answer = ask(engine, { sql: 'SELECT 1' }, running.signal)
    await until(() => server.requests.some(({ action }) => action === 'GetQueryExecution'))
    running.abort()
    await assert.rejects(answer, (error: ColdstreamError) => {
      assert.equal(error.code, 'query-not-stopped')
      assert.match(error.message, /cancelled\. But it may still run in Athena: .*not you/)
      assert.match(error.remedy, /Stop query [0-9a-f-]{36} in the Athena console/)
      return true
    })
  })

  it('stops all queries when the engine is closed', async (t) => {
    const { server, engine } = await scripted(t, (_, signal) => untilStopped(signal))
    const answers = [ask(engine, { sql: 'SELECT 1' }), ask(engine, { sql: 'SELECT 2' })]
    const ended = Promise.all(answers.map((answer) => assert.rejects(answer, { code: 'query-cancelled' })))
    await until(() => server.executions.states().length === 2)
    await engine.close()
    await ended
    await until(() => server.executions.states().every((state) => state === 'CANCELLED'))
  })

  it('stops what is seen to scan too much, and takes the limit of the workgroup', async (t) => {
    const { server, engine } = await scripted(
      t,
      ({ sql }, signal, scanned) => {
        scanned(sql.includes('huge') ? 10_001 : 2_000)
        return sql.includes('small') ? numbers(1) : untilStopped(signal)
      },
      { maxScannedBytes: 1_000, cutoffBytes: 10_000 },
    )
    await assert.rejects(ask(engine, { sql: 'SELECT large' }), {
      code: 'query-scan-limit',
      message: /it has scanned 2000 bytes/,
    })
    assert.deepEqual(server.executions.states(), ['CANCELLED'])
    const free = new AthenaEngine(optionsFor(server.url), new SystemClock())
    await assert.rejects(ask(free, { sql: 'SELECT huge' }), {
      code: 'query-scan-limit',
      message: /Bytes scanned limit/,
    })
    const { statistics } = await ask(free, { sql: 'SELECT small' })
    assert.equal(statistics.scannedBytes, 2_000)
    await free.close()
  })
})

describe('Athena, failing queries:', () => {
  const cases: [reason: string, code: string, message: RegExp, remedy: RegExp][] = [
    [
      "SYNTAX_ERROR: line 2:7: Column 'nope' cannot be resolved",
      'sql-invalid',
      /^line 2, column 7: SYNTAX_ERROR: Column 'nope'/,
      /record_value, record_headers/,
    ],
    [
      "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.a.ordrs' does not exist",
      'sql-invalid',
      /^line 1, column 15/,
      /coldstream ddl/,
    ],
    [
      "line 1:1: mismatched input 'SELEC'. Expecting: 'ALTER'",
      'sql-invalid',
      /^line 1, column 1: mismatched/,
      /Correct the statement/,
    ],
    ["INVALID_CAST_ARGUMENT: Cannot cast 'x' to INT", 'sql-invalid', /Cannot cast/, /Correct the statement/],
    ['Query exhausted resources at this scale factor', 'query-memory', /exhausted/, /Narrow/],
    ['EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded per-node memory limit', 'query-memory', /per-node/, /Narrow/],
    ['Query timeout', 'query-timeout', /timeout/, /Narrow/],
    [
      'HIVE_CURSOR_ERROR: Failed to read Parquet file: s3://a/topics/x.parquet',
      'segment-unreadable',
      /x\.parquet/,
      /coldstream verify/,
    ],
    ['Access Denied (Service: Amazon S3; Status Code: 403)', 'athena-access-denied', /403/, /docs\/athena.md/],
    ['HIVE_INVALID_METADATA: partition projection', 'athena-catalog', /projection/, /coldstream ddl/],
    ['GENERIC_INTERNAL_ERROR: null', 'query-engine-failed', /GENERIC_INTERNAL_ERROR/, /Athena console/],
  ]
  for (const [reason, code, message, remedy] of cases) {
    it(`${reason.slice(0, 50)} becomes ${code}`, async (t) => {
      const { engine } = await scripted(t, () => {
        throw new SqlFailure(reason, 1)
      })
      await assert.rejects(ask(engine, { sql: 'SELECT 1' }), (error: ColdstreamError) => {
        assert.equal(error.code, code)
        assert.match(error.message, message)
        assert.match(error.remedy, remedy)
        assert.match(String(error.details.engineQueryId), /^[0-9a-f-]{36}$/)
        return true
      })
    })
  }

  it('knows by the category that the statement is to blame, and gives line and column as numbers', async (t) => {
    const { engine } = await scripted(t, () => {
      throw new SqlFailure('UNHEARD_OF: line 3:4: a new kind of mistake', 2)
    })
    await assert.rejects(ask(engine, { sql: 'SELECT 1' }), (error: ColdstreamError) => {
      assert.equal(error.code, 'sql-invalid')
      assert.deepEqual([error.details.line, error.details.column], [3, 4])
      return true
    })
  })

  it('tells that somebody stopped the query in Athena', async (t) => {
    const { server, engine } = await scripted(t, (_, signal) => untilStopped(signal))
    const answer = assert.rejects(ask(engine, { sql: 'SELECT 1' }), { code: 'query-cancelled', message: /in Athena/ })
    await until(() => server.requests.some(({ action }) => action === 'GetQueryExecution'))
    const { input } = server.requests.findLast(({ action }) => action === 'GetQueryExecution')!
    server.executions.call('StopQueryExecution', input)
    await answer
  })
})

/** Lets time pass until the promise settles. */
async function passing<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let isSettled = false
  const settle = () => {
    isSettled = true
  }
  promise.then(settle, settle)
  while (!isSettled) await clock.pass(500)
  return await promise
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}
