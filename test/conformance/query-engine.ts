import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { InvalidInputError } from '../../src/errors.ts'
import type {
  EngineQuery,
  QueryEngine,
  QueryStatistics,
  QueryValue,
  TableSource,
} from '../../src/ports/query-engine.ts'
import { orders } from '../query/orders.ts'
import { LIMITS } from '../query/rig.ts'

/** An engine over an archive of `orders()`. */
export interface EngineUnderTest {
  engine: QueryEngine
  tables: TableSource
  /** What stands behind FROM for the topic. */
  orders: string
  /** A SELECT of the integers from 1 to `count` in order, as column n. */
  series(count: number): string
  /** Runs until it is stopped. */
  endless: string
  stop(): Promise<void>
}

interface Answer {
  rows: QueryValue[][]
  columns: string[]
  statistics: QueryStatistics
}

/** The promises of src/ports/query-engine.ts, held against a real engine. */
export function queryEngineSuite(name: string, start: () => Promise<EngineUnderTest>): void {
  describe(`${name} keeps the promises of a query engine:`, () => {
    let t: EngineUnderTest
    before(async () => {
      t = await start()
    })
    after(() => t?.stop())

    const never = new AbortController().signal
    const full = (query: Partial<EngineQuery> & { sql: string }): EngineQuery => ({
      parameters: [],
      tables: t.tables,
      limits: LIMITS,
      ...query,
    })
    const ask = async (query: Partial<EngineQuery> & { sql: string }, signal = never): Promise<Answer> => {
      const result = await t.engine.run(full(query), signal)
      const rows: QueryValue[][] = []
      for await (const batch of result.rows) rows.push(...batch)
      await result.ended
      return { rows, columns: result.columns.map((column) => column.name), statistics: result.statistics() }
    }
    const rowsOf = async (sql: string): Promise<QueryValue[][]> => (await ask({ sql })).rows

    test('every record is there, byte for byte, with the columns of its path as text', async () => {
      const columns = 'record_partition, record_offset, record_key, record_value, year, month, day'
      const answer = await ask({
        sql: `SELECT ${columns} FROM ${t.orders} ORDER BY record_partition, record_offset`,
      })
      const bytes = (buffer: Uint8Array | null) => (buffer === null ? null : new Uint8Array(buffer))
      assert.deepEqual(answer.columns, columns.split(', '))
      assert.deepEqual(
        answer.rows,
        orders().map(({ partition, offset, key, value }) => [
          ...[partition, offset, bytes(key), bytes(value)],
          ...['2025', '01', '14'],
        ]),
      )
      assert.equal(answer.statistics.rows, 120)
      assert.equal(answer.statistics.truncated, false)
      assert.ok(answer.statistics.bytes > 0 && answer.statistics.elapsedMs > 0)
    })

    test('values come back exact, and NULL is not the empty text', async () => {
      const cases: [expression: string, value: QueryValue][] = [
        ["CAST('9007199254740993' AS bigint)", 9_007_199_254_740_993n],
        ["CAST('-9223372036854775808' AS bigint)", -9_223_372_036_854_775_808n],
        ["CAST('7' AS integer)", 7],
        ["CAST('1.10' AS decimal(9, 2))", '1.10'],
        ["CAST('0.1' AS double)", 0.1],
        ['true', true],
        ["'ä \"日\" '''", 'ä "日" \''],
        ["''", ''],
        ['CAST(NULL AS varchar)', null],
        ["TIMESTAMP '2025-01-14 09:00:00.000001'", '2025-01-14T09:00:00.000001'],
        ["TIMESTAMP '2025-01-14 09:00:00'", '2025-01-14T09:00:00'],
        ["DATE '2025-01-14'", '2025-01-14'],
        ["from_hex('7B00FF')", new Uint8Array([0x7b, 0, 0xff])],
      ]
      const [row] = await rowsOf(
        `SELECT ${cases.map(([expression], index) => `${expression} AS c${index}`).join(', ')}`,
      )
      cases.forEach(([expression, value], index) => {
        assert.deepEqual(row![index], value, expression)
      })
    })

    test('values are bound by name and type, and never read as SQL', async () => {
      const evil = "x'; DROP TABLE orders; --"
      const { placeholder } = t.engine.dialect
      const { rows } = await ask({
        sql: `SELECT ${['text', 'large', 'flag', 'share', 'at'].map((name, at) => placeholder(name, at)).join(', ')}`,
        parameters: [
          { name: 'text', type: 'string', value: evil },
          { name: 'large', type: 'integer', value: 9_007_199_254_740_993n },
          { name: 'flag', type: 'boolean', value: true },
          { name: 'share', type: 'double', value: 0.5 },
          { name: 'at', type: 'timestamp', value: 1_736_845_200_000_001n },
        ],
      })
      assert.deepEqual(rows, [[evil, 9_007_199_254_740_993n, true, 0.5, '2025-01-14T09:00:00.000001Z']])
    })

    test('25,000 rows come once each and in order', async () => {
      const { rows } = await ask({ sql: t.series(25_000), limits: { ...LIMITS, maxRows: 30_000 } })
      assert.deepEqual(
        rows.map(([n]) => Number(n)),
        Array.from({ length: 25_000 }, (_, index) => index + 1),
      )
    })

    test('a result is cut at its limits and says so; one that just fits is whole', async () => {
      const cut = await ask({ sql: t.series(3000), limits: { ...LIMITS, maxRows: 2999 } })
      assert.deepEqual([cut.rows.length, cut.statistics.rows, cut.statistics.truncated], [2999, 2999, true])
      const whole = await ask({ sql: t.series(3000), limits: { ...LIMITS, maxRows: 3000 } })
      assert.deepEqual([whole.rows.length, whole.statistics.truncated], [3000, false])
      const bytes = await ask({ sql: t.series(3000), limits: { ...LIMITS, maxResultBytes: 1024 } })
      assert.ok(bytes.rows.length < 200 && bytes.statistics.truncated, `${bytes.rows.length} rows`)
    })

    test('nothing runs but one statement that reads', async () => {
      const hostile = [
        'DROP TABLE orders',
        'DELETE FROM orders',
        'INSERT INTO orders SELECT * FROM orders',
        'CREATE TABLE copied AS SELECT * FROM orders',
        'SELECT 1; SELECT 2',
        '-- SELECT\nALTER TABLE orders ADD COLUMN x integer',
        '',
      ]
      for (const sql of hostile) {
        await assert.rejects(ask({ sql }), (error: unknown) => {
          assert.ok(error instanceof InvalidInputError, sql)
          assert.match(error.code, /^sql-(forbidden|invalid)$/)
          assert.notEqual(error.remedy, '')
          return true
        })
      }
      assert.deepEqual(await rowsOf(`SELECT count(*) FROM ${t.orders}`), [[120n]])
    })

    test('a mistake is told with line and column, and what to do', async () => {
      await assert.rejects(ask({ sql: `SELECT 'ä',\n  nope FROM ${t.orders}` }), (error: unknown) => {
        assert.ok(error instanceof InvalidInputError)
        assert.equal(error.code, 'sql-invalid')
        assert.match(error.message, /^line 2, column 3: .*nope/)
        assert.deepEqual([error.details.line, error.details.column], [2, 3])
        assert.match(error.remedy, /record_value, record_headers/)
        return true
      })
      await assert.rejects(ask({ sql: 'SELECT * FROM ordrs' }), { code: 'sql-invalid', message: /ordrs/ })
      await assert.rejects(ask({ sql: 'SELECT FROM WHERE' }), { code: 'sql-invalid', message: /^line 1, column/ })
      await assert.rejects(ask({ sql: `SELECT CAST(from_utf8(record_key) AS integer) FROM ${t.orders}` }), {
        code: 'sql-invalid',
      })
    })

    test('a query stops when it is cancelled: before it begins, while it runs, between two batches', async () => {
      await assert.rejects(ask({ sql: 'SELECT 1' }, AbortSignal.abort()), { code: 'query-cancelled' })
      const running = new AbortController()
      const answer = ask({ sql: t.endless }, running.signal)
      setTimeout(() => running.abort(), 300)
      await assert.rejects(answer, { code: 'query-cancelled' })
      const reading = new AbortController()
      const result = await t.engine.run(full({ sql: t.series(9_000) }), reading.signal)
      assert.equal((await result.rows.next()).done, false)
      reading.abort()
      await assert.rejects(result.rows.next(), { code: 'query-cancelled' })
      await result.ended
      assert.deepEqual(await rowsOf('SELECT 1'), [[1]])
    })

    test('a query stops when its time is over', async () => {
      await assert.rejects(ask({ sql: t.endless, limits: { ...LIMITS, timeoutMs: 500 } }), { code: 'query-timeout' })
      assert.deepEqual(await rowsOf('SELECT 1'), [[1]])
    })

    test('a result that is given up unread holds nothing', async () => {
      const result = await t.engine.run(full({ sql: t.series(9_000) }), never)
      await result.rows.return?.()
      await result.ended
      assert.deepEqual(await rowsOf('SELECT 1'), [[1]])
    })

    test('queries run beside each other', async () => {
      const answers = await Promise.all([1, 2, 3].map((n) => rowsOf(`SELECT ${n}, count(*) FROM ${t.orders}`)))
      assert.deepEqual(answers, [[[1, 120n]], [[2, 120n]], [[3, 120n]]])
    })

    test('an identifier may hold anything', async () => {
      const odd = t.engine.dialect.identifier('odd')
      assert.deepEqual((await ask({ sql: `SELECT 1 AS ${odd}` })).columns, ['odd'])
    })

    test('closing ends what still runs', async () => {
      const rejected = assert.rejects(ask({ sql: t.endless }), { code: 'query-cancelled' })
      await new Promise((resolve) => setTimeout(resolve, 300))
      await t.engine.close()
      await rejected
    })
  })
}
