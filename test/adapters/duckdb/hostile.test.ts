import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ColdstreamError } from '../../../src/errors.ts'
import { archiveRecords } from '../../query/archive.ts'
import { orders } from '../../query/orders.ts'
import { openRig, type Rig, testFolder, testStore } from '../../query/rig.ts'

/** What is refused before or while it runs; `%` stands for a folder beside the archive that holds files to steal. */
const REFUSED = [
  // Reading what is not of the archive.
  "SELECT * FROM read_text('/etc/passwd')",
  "SELECT * FROM read_blob('/proc/self/environ')",
  "SELECT * FROM read_csv('%/secret.csv')",
  "SELECT * FROM read_csv_auto('/dev/stdin')",
  "SELECT * FROM read_json('%/secret.csv')",
  "SELECT * FROM read_parquet('%/secret.parquet')",
  "SELECT * FROM parquet_scan('topics/**/*.parquet')",
  "SELECT * FROM parquet_metadata('topics/orders/*')",
  "SELECT * FROM '%/secret.csv'",
  'SELECT * FROM "%/secret.csv"',
  "SELECT * FROM '%/secret.parquet'",
  "SELECT * FROM '../../etc/passwd.csv'",
  "SELECT * FROM 'https://example.com/x.parquet'",
  "SELECT * FROM 's3://bucket/x.parquet'",
  "SELECT * FROM glob('/etc/*')",
  "SELECT * FROM sniff_csv('%/secret.csv')",
  "SELECT * FROM read_duckdb('%/x.db')",
  "SELECT (SELECT max(content) FROM read_text('/etc/passwd')) FROM orders",
  "WITH t AS (SELECT * FROM glob('/*')) SELECT * FROM t",
  "SELECT * FROM orders WHERE EXISTS (SELECT 1 FROM read_text('/etc/passwd'))",
  "SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')",
  "SELECT * FROM query_table('%/secret.csv')",
  "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
  "SELECT getenv('HOME')",
  // Writing.
  "COPY orders TO '%/out.csv'",
  "COPY (SELECT 1) TO '%/out.parquet' (FORMAT parquet)",
  "COPY orders FROM '%/secret.csv'",
  "EXPORT DATABASE '%/out'",
  "IMPORT DATABASE '%/out'",
  'CREATE TABLE t AS SELECT * FROM orders',
  'CREATE VIEW v AS SELECT 1',
  'CREATE OR REPLACE MACRO from_utf8(x) AS 1',
  "CREATE SECRET (TYPE s3, KEY_ID 'x')",
  'DROP VIEW orders',
  'INSERT INTO orders VALUES (1)',
  'UPDATE orders SET record_offset = 0',
  'DELETE FROM orders',
  'WITH gone AS (DELETE FROM orders RETURNING *) SELECT * FROM gone',
  'TRUNCATE orders',
  'ALTER VIEW orders RENAME TO o',
  // Loading code, other databases, settings.
  'INSTALL httpfs',
  'LOAD httpfs',
  "LOAD '%/evil.duckdb_extension'",
  "ATTACH '%/x.db'",
  "ATTACH ':memory:' AS other",
  'DETACH memory',
  'USE system',
  "SET memory_limit = '100GB'",
  'SET enable_external_access = true',
  'SET lock_configuration = false',
  'RESET ALL',
  'PRAGMA enable_profiling',
  "PRAGMA profiling_output = '%/out.json'",
  'PRAGMA threads = 64',
  "SELECT * FROM enable_logging(storage = 'file', storage_config = {'path': '%/log'})",
  'SELECT * FROM enable_profiling()',
  "CALL enable_logging('QueryLog')",
  'SELECT * FROM force_checkpoint()',
  'CHECKPOINT',
  'VACUUM',
  // Several statements, none, other kinds.
  'SELECT 1; SELECT 2',
  "SELECT 1; COPY orders TO '%/out.csv'",
  "SELECT 1;/* */;ATTACH '%/x.db'",
  '',
  ';',
  '-- nothing',
  'BEGIN',
  'EXPLAIN ANALYZE SELECT 1',
  'PREPARE p AS SELECT 1',
  'EXECUTE p',
  'SELECT ?',
  'SELECT $1',
  `SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`,
  `SELECT ${Array.from({ length: 20_000 }, () => '1').join(' + ')}`,
  `SELECT '${'x'.repeat(300_000)}'`,
  '\0SELECT 1',
]

/** What a limit has to end. */
const BOMBS: [what: string, sql: string, codes: string[]][] = [
  [
    'an endless join',
    'SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range = 7',
    ['query-timeout'],
  ],
  [
    'an endless recursion',
    'WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r',
    ['query-timeout', 'query-memory'],
  ],
  ['a list larger than memory', 'SELECT list(a.range) FROM range(1000000000) a', ['query-memory', 'query-timeout']],
  ['a text larger than memory', "SELECT length(repeat('x', 3000000000) || 'y')", ['query-memory', 'query-timeout']],
  [
    'a sort larger than the disk share',
    "SELECT i, repeat('x', 1000) FROM range(10000000) t(i) ORDER BY hash(i)",
    ['query-memory', 'query-timeout'],
  ],
  [
    'a wide aggregation',
    'SELECT max(length(s)) FROM (SELECT a.range, string_agg(md5(b.range::VARCHAR)) AS s FROM range(1000) a, range(1000000) b GROUP BY ALL)',
    ['query-memory', 'query-timeout'],
  ],
]

describe('A hostile statement', () => {
  let rig: Rig
  let outside: string
  const cleanups: (() => unknown)[] = []
  const t = { after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
  before(async () => {
    const store = await testStore(t)
    await archiveRecords(store, 'orders', orders())
    rig = await openRig(t, store)
    outside = await testFolder(t)
    await writeFile(join(outside, 'secret.csv'), 'a,b\n1,stolen\n')
    await writeFile(join(outside, 'secret.parquet'), 'PAR1')
  })
  after(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup()
  })

  describe('that reads, writes or sets what it may not', { concurrency: 2 }, () => {
    for (const statement of REFUSED) {
      it(`is refused: ${JSON.stringify(statement.slice(0, 90))}`, async () => {
        const sql = statement.replaceAll('%', outside)
        await assert.rejects(rig.query({ sql }), (error: unknown) => {
          assert.ok(error instanceof ColdstreamError, String(error))
          assert.ok(['sql-invalid', 'sql-forbidden'].includes(error.code), `${error.code}: ${error.message}`)
          assert.doesNotMatch(error.message, /stolen|root:x/)
          return true
        })
      })
    }
  })

  it('has written nothing, and the archive is as it was', async () => {
    for (const name of ['out.csv', 'out.parquet', 'out', 'out.json', 'x.db', 'log']) {
      assert.ok(!existsSync(join(outside, name)), name)
    }
    assert.deepEqual(await rig.rows('SELECT count(*) FROM orders'), [[120n]])
  })

  for (const [what, sql, codes] of BOMBS) {
    it(`ends at a limit: ${what}`, async () => {
      const limits = { timeoutMs: 2000, maxMemoryBytes: 128 * 1024 * 1024 }
      await assert.rejects(rig.query({ sql, limits }), (error: unknown) => {
        assert.ok(error instanceof ColdstreamError, String(error))
        assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`)
        assert.ok(error.remedy.length > 0)
        return true
      })
    })
  }

  it('is killed for memory that DuckDB does not count', async () => {
    const limits = { maxMemoryBytes: 128 * 1024 * 1024 }
    await assert.rejects(rig.query({ sql: "SELECT length(repeat('x', 3000000000))", limits }), {
      code: 'query-memory',
      message: /took \d+ MiB of memory/,
    })
  })

  it('leaves the service able to answer', async () => {
    assert.deepEqual(await rig.rows('SELECT count(*) FROM orders'), [[120n]])
  })
})
