import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { AbortedError, DamagedDataError, type InvalidInputError } from '../../../src/errors.ts'
import { archiveRecords, archiveTopic } from '../../query/archive.ts'
import { NINE, orders } from '../../query/orders.ts'
import { openRig, type Rig, testStore } from '../../query/rig.ts'

describe('DuckDB over an archive', () => {
  let rig: Rig
  const cleanups: (() => unknown)[] = []
  const t = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
  before(async () => {
    const store = await testStore(t)
    await archiveRecords(store, 'orders', orders())
    await archiveRecords(store, 'orders.v2', orders().slice(0, 5))
    await archiveRecords(store, 'Mixed', orders().slice(0, 1))
    await archiveRecords(store, 'mixed', orders().slice(0, 2))
    await archiveTopic(store, 'empty')
    // Captured by hour first, by day later.
    await archiveRecords(store, 'reformed', orders().slice(0, 3))
    const later = orders().slice(3, 6)
    await archiveRecords(store, 'reformed', later, () => 'dt=2025-01-14')
    // What lies beside the log is not of the archive.
    await store.createIfAbsent('topics/orders/year=2025/stray.parquet', [Buffer.from('no parquet')])
    rig = await openRig(t, store)
  })
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup()
  })

  it('shows every record of the snapshot byte for byte, with its partition columns as text', async () => {
    const { rows, columns } = await rig.query({ sql: 'SELECT * FROM orders ORDER BY record_partition, record_offset' })
    assert.deepEqual(columns, [
      { name: 'record_partition', type: 'INTEGER' },
      { name: 'record_offset', type: 'BIGINT' },
      { name: 'record_timestamp', type: 'TIMESTAMP WITH TIME ZONE' },
      { name: 'record_key', type: 'BLOB' },
      { name: 'record_value', type: 'BLOB' },
      { name: 'record_headers', type: 'STRUCT("key" VARCHAR, "value" BLOB)[]' },
      { name: 'year', type: 'VARCHAR' },
      { name: 'month', type: 'VARCHAR' },
      { name: 'day', type: 'VARCHAR' },
      { name: 'hour', type: 'VARCHAR' },
    ])
    const bytes = (buffer: Uint8Array | null) => (buffer === null ? null : new Uint8Array(buffer))
    const expected = orders().map((record) => [
      record.partition,
      record.offset,
      new Date(record.timestampMs).toISOString().replace('.000Z', 'Z'),
      bytes(record.key),
      bytes(record.value),
      record.headers.map(({ key, value }) => ({ key: key.toString(), value: bytes(value) })),
      ...['2025', '01', '14', record.timestampMs < NINE + 3_600_000 ? '09' : '10'],
    ])
    assert.deepEqual(rows, expected)
  })

  it('gives a topic without records its columns and no rows', async () => {
    const { rows, columns } = await rig.query({ sql: 'SELECT * FROM empty' })
    assert.deepEqual(rows, [])
    assert.deepEqual(columns.map(({ name }) => name).slice(-4), ['year', 'month', 'day', 'hour'])
  })

  it('joins files of two path formats, the columns that a path lacks being NULL', async () => {
    const rows = await rig.rows('SELECT hour, dt, count(*) FROM reformed GROUP BY ALL ORDER BY 1')
    assert.deepEqual(rows, [
      ['09', null, 3n],
      [null, '2025-01-14', 3n],
    ])
  })

  it('takes a topic by its quoted name, and tells names apart by case where SQL would not', async () => {
    assert.deepEqual(await rig.rows('SELECT count(*) FROM "orders.v2"'), [[5n]])
    assert.deepEqual(await rig.rows('SELECT count(*) FROM ORDERS'), [[120n]])
    assert.deepEqual(await rig.rows('SELECT count(*) FROM "Mixed"'), [[1n]])
    assert.deepEqual(await rig.rows('SELECT count(*) FROM mixed'), [[2n]])
    await assert.rejects(rig.rows('SELECT * FROM mixed, "Mixed"'), /may be any of the topics/)
    await assert.rejects(rig.rows('SELECT * FROM MIXED'), /may be any of the topics Mixed, mixed/)
  })

  it('keeps values exact: large numbers, decimals, times, nested values', async () => {
    const { rows } = await rig.query({
      sql: `SELECT 9007199254740993, 170141183460469231731687303715884105727::HUGEINT, 1.10::DECIMAL(9,2), 7::INTEGER, 0.5::DOUBLE,
        TIMESTAMP '2025-01-14 09:00:00.000001', TIMESTAMPTZ '2025-01-14 09:00:00.5+02', DATE '2025-01-14', [1, NULL], {'b': [{'c': true}]},
        MAP {'k': 1}, NULL, 'x'::BLOB`,
    })
    assert.deepEqual(rows[0], [
      9007199254740993n,
      170141183460469231731687303715884105727n,
      '1.10',
      7,
      0.5,
      '2025-01-14T09:00:00.000001',
      '2025-01-14T07:00:00.5Z',
      '2025-01-14',
      [1, null],
      { b: [{ c: true }] },
      [{ key: 'k', value: 1 }],
      null,
      new Uint8Array([120]),
    ])
  })

  it('cuts a result at the row limit and at the byte limit, and says so', async () => {
    const sql = 'SELECT i FROM range(5000) t(i)'
    const cut = await rig.query({ sql, limits: { maxRows: 4999 } })
    assert.deepEqual([cut.rows.length, cut.statistics.rows, cut.statistics.truncated], [4999, 4999, true])
    const exact = await rig.query({ sql, limits: { maxRows: 5000 } })
    assert.deepEqual([exact.rows.length, exact.statistics.truncated], [5000, false])
    const wide = await rig.query({
      sql: "SELECT repeat('x', 1000) FROM range(100)",
      limits: { maxResultBytes: 10_000 },
    })
    assert.deepEqual([wide.rows.length, wide.statistics.truncated], [9, true])
  })

  it('streams a large result in batches without holding it', async () => {
    const sql = "SELECT repeat('x', 1000) FROM range(9000)"
    const result = await rig.service.run({ sql }, new AbortController().signal)
    const sizes: number[] = []
    for await (const batch of result.rows) sizes.push(batch.length)
    assert.ok(sizes.length > 5 && Math.max(...sizes) < 3000, `batches ${sizes}`)
    assert.equal(result.statistics().rows, 9000)
  })

  it('counts the files and bytes that a statement could look at, and prunes them by the window', async () => {
    const sql = 'SELECT min(record_timestamp), max(record_timestamp), count(*) FROM orders'
    const all = await rig.query({ sql })
    assert.equal(all.statistics.files, 4)
    const fromMicros = BigInt(NINE + 3_600_000) * 1000n
    const later = await rig.query({ sql, window: { fromMicros, untilMicros: fromMicros + 1_800_000_000n } })
    assert.equal(later.statistics.files, 2)
    assert.ok(later.statistics.bytes > 0 && later.statistics.bytes < all.statistics.bytes)
    assert.deepEqual(later.rows, [['2025-01-14T10:00:00Z', '2025-01-14T10:28:00Z', 30n]])
  })

  it('leaves out files by what the statement says of time, offset and partition, and estimates without reading', async () => {
    const cases: [where: string, files: number, rows: bigint][] = [
      ["record_timestamp >= TIMESTAMP '2025-01-14 10:00:00'", 2, 60n],
      ['record_partition = 1 AND record_timestamp >= $from', 1, 30n],
      ['record_offset >= 9007199254740993', 4, 60n],
      ['record_offset < 10', 1, 10n],
      ['record_offset BETWEEN 70 AND 80', 0, 0n],
    ]
    for (const [where, files, rows] of cases) {
      const request = {
        sql: `SELECT count(*) FROM orders WHERE ${where}`,
        ...(where.includes('$from') && { parameters: { from: '2025-01-14T10:00:00Z' } }),
      }
      const { statistics, rows: counted } = await rig.query(request)
      const timed = where.includes('$from') ? 2 : files
      assert.deepEqual([statistics.files, counted[0]![0]], [timed, rows], where)
      const estimate = await rig.service.estimate(request, new AbortController().signal)
      assert.deepEqual([estimate.files, estimate.bytes], [statistics.files, statistics.bytes], where)
    }
    await assert.rejects(rig.service.estimate({ sql: 'DROP VIEW orders' }, new AbortController().signal), {
      code: 'sql-forbidden',
    })
  })

  it('places an SQL error by line and column, and says what names there are', async () => {
    await assert.rejects(rig.rows("SELECT 'ä',\n  nope FROM orders"), (error: InvalidInputError) => {
      assert.equal(error.code, 'sql-invalid')
      assert.match(error.message, /^line 2, column 3: .*"nope" not found/)
      assert.match(error.remedy, /record_value, record_headers, year, month, day, hour/)
      assert.deepEqual(error.details, { line: 2, column: 3 })
      return true
    })
    await assert.rejects(rig.rows('SELECT * FROM ordrs'), (error: InvalidInputError) => {
      assert.match(error.message, /^line 1, column 15: .*ordrs/)
      assert.match(error.remedy, /Archived topics: Mixed, empty, mixed, orders, "orders\.v2", reformed/)
      return true
    })
    await assert.rejects(rig.rows('SELEC 1'), { code: 'sql-invalid', message: /^line 1, column 1: syntax error/ })
    await assert.rejects(rig.rows('SELECT CAST(from_utf8(record_key) AS int) FROM orders'), { code: 'sql-invalid' })
  })

  it('refuses a text that is longer than any that people write', async () => {
    await assert.rejects(rig.rows(`SELECT '${'x'.repeat(300_000)}'`), { code: 'sql-invalid', message: /longer than/ })
  })

  it('binds parameters by type and never reads them as SQL', async () => {
    const evil = "x'; DROP TABLE orders; --"
    const { rows } = await rig.query({
      sql: 'SELECT $text, $count + 1, $flag, $share',
      parameters: { text: evil, count: 41, flag: true, share: 0.5 },
    })
    assert.deepEqual(rows, [[evil, 42n, true, 0.5]])
    await assert.rejects(rig.query({ sql: 'SELECT $missing' }), { code: 'sql-invalid', message: /\$missing/ })
  })

  it('runs the functions of Athena and Trino that DuckDB lacks', async () => {
    const cases: [string, unknown][] = [
      ["from_utf8(to_utf8('ä'))", 'ä'],
      ["from_utf8(from_hex('61FF62'))", 'a?b'],
      [`json_extract_scalar('{"a": {"b": "x"}}', '$.a.b')`, 'x'],
      [`json_extract_scalar('{"a": 1.5}', '$.a')`, '1.5'],
      [`json_extract_scalar('{"a": {"b": 1}}', '$.a')`, null],
      [`json_extract_scalar('{"a": null}', '$.a')`, null],
      ["json_extract_scalar('no json', '$.a')", null],
      [`json_format(json_parse('{"a":1}'))`, '{"a":1}'],
      ['approx_distinct(i % 3) FROM range(100) t(i)', 3n],
      ['approx_percentile(i, 0.5) FROM range(101) t(i)', 50n],
      ["to_unixtime(TIMESTAMP '1970-01-01 00:00:10')", 10],
      ['from_unixtime(10)', '1970-01-01T00:00:10Z'],
      ['cardinality([1, 2])', 2n],
      ["cardinality(MAP {'a': 1})", 1n],
      ["regexp_like('order-17', '\\d+')", true],
      ["length('äb')", 2n],
      ["length(to_utf8('äb'))", 3n],
      ["element_at(MAP {'a': 7}, 'a')", 7],
      ['element_at([5, 6], 2)', 6],
      ["array_join(['a', 'b'], '-')", 'a-b'],
      ["date_add('hour', 2, TIMESTAMP '2025-01-14 09:00:00')", '2025-01-14T11:00:00'],
      ["date_diff('minute', TIMESTAMP '2025-01-14 09:00:00', TIMESTAMP '2025-01-14 09:05:00')", 5n],
      ["from_iso8601_timestamp('2025-01-14T09:00:00Z')", '2025-01-14T09:00:00Z'],
      ["day_of_week(DATE '2025-01-14')", 2n],
      ["is_nan('NaN'::DOUBLE)", true],
      ['truncate(1.7)', '1'],
      ['bitwise_and(6, 3)', 2],
      ['bitwise_or(6, 3)', 7],
    ]
    const select = cases.map(([expression], index) => `(SELECT ${expression}) AS c${index}`).join(', ')
    const { rows } = await rig.query({ sql: `SELECT ${select}` })
    cases.forEach(([expression, expected], index) => {
      assert.deepEqual(rows[0]![index], expected, expression)
    })
  })

  it('stops at the time limit, and is ready for the next statement', async () => {
    const sql =
      'SELECT count(*) FROM range(1000000) a, range(1000000) b, range(1000000) c WHERE a.range + b.range + c.range = 7'
    await assert.rejects(rig.query({ sql, limits: { timeoutMs: 500 } }), (error: Error) => {
      assert.ok(error instanceof AbortedError)
      assert.equal(error.code, 'query-timeout')
      return true
    })
    assert.deepEqual(await rig.rows('SELECT 1'), [[1]])
  })

  it('stops when it is cancelled: before it begins, while it runs, between two batches', async () => {
    await assert.rejects(rig.query({ sql: 'SELECT 1' }, AbortSignal.abort()), { code: 'query-cancelled' })
    const running = new AbortController()
    const sql = 'SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE hash(a.range + b.range) = 1'
    const answer = rig.query({ sql }, running.signal)
    void setImmediate().then(() => running.abort())
    await assert.rejects(answer, { code: 'query-cancelled' })
    const reading = new AbortController()
    const result = await rig.service.run({ sql: "SELECT repeat('x', 1000) FROM range(9000)" }, reading.signal)
    assert.equal((await result.rows.next()).done, false)
    reading.abort()
    await assert.rejects(result.rows.next(), { code: 'query-cancelled' })
    await result.ended
  })

  it('survives the death of its process, and says what happened', async () => {
    const sql = "SELECT repeat('x', 1000) FROM range(9000)"
    const result = await rig.service.run({ sql }, new AbortController().signal)
    await result.rows.next()
    const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)])
    const own = stdout.split('\n').filter((line) => line.includes('duckdb/child.ts'))
    assert.equal(own.length, 1, stdout)
    process.kill(Number.parseInt(own[0]!, 10), 'SIGSEGV')
    await assert.rejects(result.rows.next(), { code: 'query-engine-failed', message: /ended by SIGSEGV/ })
    assert.deepEqual(await rig.rows('SELECT 1'), [[1]])
  })

  it('leaves nothing behind: no process, no folder, also when a result is dropped', async () => {
    const dropped = await rig.service.run({ sql: 'SELECT * FROM orders' }, new AbortController().signal)
    await dropped.rows.return?.()
    await dropped.ended
    assert.deepEqual(await readdir(rig.temporaryFolder), [])
  })
})

describe('DuckDB that keeps a process ready', () => {
  const waiting = async (): Promise<number[]> => {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)])
    const children = stdout.split('\n').filter((line) => line.includes('duckdb/child.ts'))
    return children.map((line) => Number.parseInt(line, 10))
  }
  /** Once the process that was there is gone and another one waits. */
  const nextOf = async (before: number): Promise<number> => {
    for (;;) {
      const [next, ...others] = await waiting()
      if (next !== undefined && next !== before && others.length === 0) return next
    }
  }

  it('gives each statement a process that no other one had, and replaces one that died', async (t) => {
    const store = await testStore(t)
    await archiveRecords(store, 'orders', orders())
    const rig = await openRig(t, store)
    rig.service.keepReady()
    const first = await nextOf(0)
    assert.deepEqual(await rig.rows('SELECT count(*) FROM orders'), [[120n]])
    const second = await nextOf(first)
    process.kill(second, 'SIGKILL')
    while ((await waiting()).includes(second)) await setImmediate()
    assert.deepEqual(await rig.rows('SELECT count(*) FROM orders'), [[120n]])
    await nextOf(second)
  })

  it('leaves nothing behind when it is closed', async (t) => {
    const cleanups: (() => unknown)[] = []
    const store = await testStore(t)
    const rig = await openRig({ after: (cleanup: () => unknown) => void cleanups.push(cleanup) }, store)
    rig.service.keepReady()
    assert.deepEqual(await rig.rows('SELECT 1'), [[1]])
    const [, close] = cleanups
    await close!()
    assert.deepEqual([await waiting(), await readdir(rig.temporaryFolder)], [[], []])
    await cleanups[0]!()
  })
})

describe('DuckDB over a damaged archive', () => {
  it('names the file that is damaged or missing', async (t) => {
    const store = await testStore(t)
    const segments = await archiveRecords(store, 'orders', orders())
    const rig = await openRig(t, store)
    const [first, second] = segments
    const { bytes } = (await store.head(first!.path))!
    await store.delete(first!.path)
    await store.createIfAbsent(first!.path, [Buffer.alloc(bytes, 7)])
    await assert.rejects(rig.rows('SELECT count(record_value) FROM orders'), (error: Error) => {
      assert.ok(error instanceof DamagedDataError)
      assert.match(error.message, /orders\+0\+0000000000\.parquet/)
      assert.match(error.remedy, /coldstream verify/)
      return true
    })
    await store.delete(second!.path)
    await assert.rejects(rig.rows('SELECT count(record_value) FROM orders'), { code: 'segment-unreadable' })
  })
})
