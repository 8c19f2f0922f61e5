import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { parseSelect } from '../../../src/adapters/duckdb/statement.ts'
import type { BoundParameter, RowBounds } from '../../../src/ports/query-engine.ts'

const NINE = Date.UTC(2025, 0, 14, 9)
const micros = (minute: number) => BigInt(NINE + minute * 60_000) * 1000n

let connection: DuckDBConnection

async function bounds(sql: string, parameters: readonly BoundParameter[] = []): Promise<Record<string, unknown>> {
  const parsed = await parseSelect(connection, sql, parameters)
  return Object.fromEntries([...parsed.bounds].map(([table, of]) => [table, short(of)]))
}

/** Only what is bounded. */
function short({ partitions, fromOffset, untilOffset, keys, time }: RowBounds): object {
  const texts = keys?.map((key) => Buffer.from(key).toString()).sort() ?? null
  const all = {
    partitions,
    keys: texts,
    fromOffset,
    untilOffset,
    fromMicros: time.fromMicros,
    untilMicros: time.untilMicros,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null))
}

describe('What a statement can use of a table', () => {
  before(async () => {
    const instance = await DuckDBInstance.create(':memory:')
    connection = await instance.connect()
    await connection.run("SET TimeZone = 'UTC'")
    await connection.run(`CREATE TABLE orders AS SELECT p.range::INTEGER AS record_partition, o.range::BIGINT AS record_offset,
      TIMESTAMPTZ '2025-01-14 09:00:00+00' + o.range * INTERVAL 1 MINUTE AS record_timestamp
      FROM range(3) p, range(20) o`)
  })

  it('is read from literals on either side, BETWEEN and IN', async () => {
    assert.deepEqual(await bounds('SELECT * FROM orders WHERE record_offset >= 5 AND 9 > record_offset'), {
      orders: { fromOffset: 5n, untilOffset: 9n },
    })
    assert.deepEqual(await bounds('SELECT * FROM orders o WHERE o.record_offset BETWEEN 5 AND 9'), {
      orders: { fromOffset: 5n, untilOffset: 10n },
    })
    const sql =
      'SELECT * FROM orders WHERE RECORD_OFFSET IN (7, 3) AND record_partition IN (0, 2) AND record_partition = 2'
    assert.deepEqual(await bounds(sql), { orders: { fromOffset: 3n, untilOffset: 8n, partitions: [2] } })
  })

  it('is read from times in each way to write them', async () => {
    for (const time of [
      "TIMESTAMP '2025-01-14 09:05:00'",
      "TIMESTAMPTZ '2025-01-14 10:05:00+01:00'",
      "'2025-01-14T09:05:00Z'",
      "CAST('2025-01-14 09:05' AS TIMESTAMP)",
      "from_iso8601_timestamp('2025-01-14T09:05:00Z')",
    ]) {
      const found = await bounds(`SELECT * FROM orders WHERE record_timestamp >= ${time}`)
      assert.deepEqual(found, { orders: { fromMicros: micros(5) } }, time)
    }
    assert.deepEqual(await bounds("SELECT 1 FROM orders WHERE record_timestamp < DATE '2025-01-15'"), {
      orders: { untilMicros: micros(15 * 60) },
    })
  })

  it('is read from keys in each way to write them', async () => {
    for (const where of [
      "record_key = to_utf8('order-1')",
      "to_utf8('order-1') = record_key",
      'record_key = encode($key)',
      "record_key = CAST('order-1' AS BLOB)",
      "record_key = 'order-1'",
      "from_utf8(record_key) = 'order-1'",
      'from_utf8(record_key) = $key',
      "record_key IN (to_utf8('order-1'), to_utf8('order-2')) AND record_key = 'order-1'::BLOB",
    ]) {
      const sql = `SELECT * FROM orders o WHERE ${where}`
      const found = await bounds(sql, [{ name: 'key', type: 'string', value: 'order-1' }])
      assert.deepEqual(found, { orders: { keys: ['order-1'] } }, where)
      const aliased = await bounds(sql.replaceAll('record_key', 'o.record_key'), [
        { name: 'key', type: 'string', value: 'order-1' },
      ])
      assert.deepEqual(aliased, found, where)
    }
    const either = `SELECT * FROM orders WHERE record_key = to_utf8('ä') UNION ALL SELECT * FROM orders WHERE record_key = 'b'`
    assert.deepEqual(await bounds(either), { orders: { keys: ['b', 'ä'] } })
    assert.deepEqual(await bounds("SELECT 1 FROM orders WHERE record_key = 'a' AND record_key = 'b'"), {
      orders: { keys: [] },
    })
  })

  it('is no key where bytes may be written in several ways, or more than one key is meant', async () => {
    for (const where of [
      String.raw`record_key = CAST('a\xFF' AS BLOB)`,
      "record_key = 'ä'",
      // bytes that are no UTF-8 are read as this
      "from_utf8(record_key) = 'a?'",
      "record_key > to_utf8('a')",
      "record_key <> to_utf8('a')",
      "record_key NOT IN (to_utf8('a'))",
      "record_key IN (to_utf8('a'), NULL)",
      "record_key IN (to_utf8('a'), record_value)",
      "lower(from_utf8(record_key)) = 'a'",
      "record_key = to_utf8('a') OR true",
      'record_key = to_utf8(7)',
    ]) {
      assert.deepEqual(await bounds(`SELECT * FROM orders WHERE ${where}`), { orders: {} }, where)
    }
  })

  it('is read from parameters of the column’s type, and from no others', async () => {
    const sql = 'SELECT * FROM orders WHERE record_offset >= $a AND record_timestamp < $b'
    const typed = await bounds(sql, [
      { name: 'a', type: 'integer', value: 7n },
      { name: 'b', type: 'timestamp', value: micros(3) },
    ])
    assert.deepEqual(typed, { orders: { fromOffset: 7n, untilMicros: micros(3) } })
    const text = await bounds(sql, [
      { name: 'a', type: 'string', value: '7' },
      { name: 'b', type: 'string', value: '2025' },
    ])
    assert.deepEqual(text, { orders: {} })
  })

  it('is everything that any of its readings can use', async () => {
    const twice = `SELECT * FROM orders WHERE record_offset = 3
      UNION ALL SELECT * FROM orders WHERE record_offset = 9 AND record_partition = 1`
    assert.deepEqual(await bounds(twice), { orders: { fromOffset: 3n, untilOffset: 10n } })
    const all = 'SELECT (SELECT max(record_offset) FROM orders) FROM orders WHERE record_offset = 3'
    assert.deepEqual(await bounds(all), { orders: {} })
    const cte =
      'WITH orders AS (SELECT * FROM orders WHERE record_offset < 5) SELECT * FROM orders WHERE record_offset > 2'
    assert.deepEqual(await bounds(cte), { orders: {} })
  })

  it('is told apart by alias in an inner join', async () => {
    const sql = `SELECT * FROM orders a JOIN payments AS b ON a.record_key = b.record_key
      WHERE a.record_offset < 5 AND B.record_partition = 1 AND record_timestamp < '2025-01-14'`
    assert.deepEqual(await bounds(sql), { orders: { untilOffset: 5n }, payments: { partitions: [1] } })
    assert.deepEqual(await bounds(sql.replace('JOIN', 'LEFT JOIN')), { orders: {}, payments: {} })
  })

  it('is not taken from what does not have to hold, or is another column', async () => {
    for (const where of [
      'WHERE record_offset < 5 OR record_partition = 1',
      'WHERE NOT (record_offset < 5 AND record_partition = 1)',
      'WHERE record_offset < 5.5',
      'WHERE record_offset + 1 < 5',
      'WHERE record_offset <> 5',
      'WHERE record_offset < record_partition',
      'WHERE record_offset NOT IN (5)',
      'WHERE record_offset IN (5, NULL)',
      'WHERE record_offset = 9007199254740993',
      'WHERE other.record_offset = 5',
      "WHERE record_timestamp < 'yesterday'",
      'USING SAMPLE 3 ROWS',
      'GROUP BY ALL HAVING record_offset < 5',
    ]) {
      assert.deepEqual(await bounds(`SELECT * FROM orders ${where}`), { orders: {} }, where)
    }
    const renamed = 'SELECT * FROM orders AS o(record_offset, p, t) WHERE record_offset = 5'
    assert.deepEqual(await bounds(renamed), { orders: {} })
  })

  it('holds every row that DuckDB finds', async () => {
    const term = fc.oneof(
      fc
        .tuple(fc.constantFrom('=', '<', '<=', '>', '>=', '<>'), fc.integer({ min: -2, max: 22 }))
        .chain(([op, value]) =>
          fc.constantFrom(
            `record_offset ${op} ${value}`,
            `${value} ${op} record_offset`,
            `record_partition ${op} ${value % 4}`,
            `record_timestamp ${op} TIMESTAMP '2025-01-14 09:${String(Math.abs(value)).padStart(2, '0')}:00'`,
          ),
        ),
      fc.tuple(fc.nat(20), fc.nat(20)).map(([a, b]) => `record_offset BETWEEN ${a} AND ${b}`),
      fc.tuple(fc.nat(3), fc.nat(3)).map(([a, b]) => `record_partition IN (${a}, ${b})`),
      fc.constantFrom('record_offset % 2 = 0', 'NOT (record_offset < 3)', '(record_offset = 1 OR record_offset = 15)'),
    )
    const condition = fc.array(term, { minLength: 1, maxLength: 4 }).map((terms) => terms.join(' AND '))
    await fc.assert(
      fc.asyncProperty(condition, async (where) => {
        // an alias of the column's name does not hide the column from WHERE
        const sql = `SELECT record_partition, record_offset, record_timestamp, -1 AS record_offset FROM orders WHERE ${where}`
        const of = (await parseSelect(connection, sql, [])).bounds.get('orders')!
        for (const row of (await connection.runAndReadAll(sql)).getRows()) {
          const partition = Number(row[0])
          const offset = BigInt(String(row[1]))
          assert.ok(of.partitions === null || of.partitions.includes(partition), where)
          assert.ok(of.fromOffset === null || offset >= of.fromOffset, where)
          assert.ok(of.untilOffset === null || offset < of.untilOffset, where)
          assert.ok(of.time.fromMicros === null || micros(Number(offset)) >= of.time.fromMicros, where)
          assert.ok(of.time.untilMicros === null || micros(Number(offset)) < of.time.untilMicros, where)
        }
      }),
      { numRuns: 300 },
    )
  })
})
