import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import type { QueryColumn, QueryValue } from '../../src/ports/query-engine.ts'
import { parquetFile } from '../../src/query/output/parquet.ts'
import { python } from '../kit/python.ts'
import { testFolder } from './rig.ts'

const columns: QueryColumn[] = [
  ['b', 'BOOLEAN'],
  ['i', 'INTEGER'],
  ['n', 'BIGINT'],
  ['huge', 'HUGEINT'],
  ['price', 'DECIMAL(9,2)'],
  ['d', 'DOUBLE'],
  ['bytes', 'BLOB'],
  ['day', 'DATE'],
  ['clock', 'TIME'],
  ['at', 'TIMESTAMP WITH TIME ZONE'],
  ['local', 'timestamp(6)'],
  ['text', 'VARCHAR'],
  ['list', 'INTEGER[]'],
  ['text', 'VARCHAR'],
].map(([name, type]) => ({ name: name!, type: type! }))

const row: QueryValue[] = [
  true,
  -7,
  9007199254740993n,
  -(10n ** 37n),
  '-1.50',
  0.5,
  new Uint8Array([0xff, 0]),
  '1969-12-31',
  '09:00:00.5',
  '2025-01-14T09:00:00.000001Z',
  '2025-01-14T09:00:00',
  'ä',
  [1, null],
  'again',
]
const nulls = columns.map(() => null)

async function* batches(...all: QueryValue[][][]): AsyncGenerator<QueryValue[][]> {
  yield* all
}

async function write(file: string, all: QueryValue[][][]): Promise<void> {
  const pieces: Uint8Array[] = []
  for await (const piece of parquetFile(columns, batches(...all))) pieces.push(piece)
  await writeFile(file, Buffer.concat(pieces))
}

describe('A result as Parquet', () => {
  it('may come with very many rows at a time', async (t) => {
    const file = join(await testFolder(t), 'r.parquet')
    const many = Array.from({ length: 200_000 }, () => row)
    await write(file, [many])
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    const counted = await connection.runAndReadAll(`SELECT count(*), count(DISTINCT n) FROM '${file}'`)
    assert.deepEqual(counted.getRows(), [[200_000n, 1n]])
  })

  it('is written before much of it is in memory', async () => {
    const wide = columns.map(({ name }) => (name === 'text' ? 'x'.repeat(1_000_000) : null))
    let taken = 0
    async function* rows(): AsyncGenerator<QueryValue[][]> {
      for (; taken < 100; taken++) yield [wide]
    }
    const pieces = parquetFile(columns, rows())
    await pieces.next()
    assert.ok(taken < 50, `${taken} rows of 2 MB before the first piece`)
    await pieces.return(undefined)
  })

  it('is read by DuckDB and by pyarrow with its types and values, over several row groups', async (t) => {
    const file = join(await testFolder(t), 'r.parquet')
    const many = Array.from({ length: 60_000 }, () => row)
    await write(file, [[row, nulls], many, [row]])
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    await connection.run("SET TimeZone = 'UTC'")
    const read = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson()
    const types = await read(`SELECT column_name, column_type FROM (DESCRIBE FROM '${file}')`)
    assert.deepEqual(types.map(([, type]) => type).slice(0, 11), [
      ...['BOOLEAN', 'INTEGER', 'BIGINT', 'DECIMAL(38,0)', 'DECIMAL(9,2)', 'DOUBLE', 'BLOB', 'DATE', 'TIME'],
      ...['TIMESTAMP WITH TIME ZONE', 'TIMESTAMP'],
    ])
    const texts = await read(`SELECT columns(*)::VARCHAR, count(*) FROM '${file}' GROUP BY ALL ORDER BY count(*) DESC`)
    assert.deepEqual(texts, [
      [
        ...['true', '-7', '9007199254740993', `-1${'0'.repeat(37)}`, '-1.50', '0.5', '\\xFF\\x00', '1969-12-31'],
        ...['09:00:00.5', '2025-01-14 09:00:00.000001+00', '2025-01-14 09:00:00', 'ä', '[1,null]', 'again', '60002'],
      ],
      [...nulls, '1'],
    ])
    const script = `import pyarrow.parquet as pq, sys
t = pq.read_table(sys.argv[1]); r = t.slice(60002, 1).to_pylist()[0]
print(t.num_rows, r['huge'], r['at'].isoformat(), r['local'].isoformat(), r['text_1'], r['bytes'], r['day'])`
    assert.equal(
      (await python(script, [file])).trim(),
      `60003 -1${'0'.repeat(37)} 2025-01-14T09:00:00.000001+00:00 2025-01-14T09:00:00 again b'\\xff\\x00' 1969-12-31`,
    )
  })

  it('without rows is a file with its columns', async (t) => {
    const file = join(await testFolder(t), 'r.parquet')
    await write(file, [])
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    const reader = await connection.runAndReadAll(`SELECT * FROM '${file}'`)
    assert.deepEqual([reader.columnCount, reader.getRows()], [columns.length, []])
  })

  it('says which column holds what Parquet cannot', async (t) => {
    const file = join(await testFolder(t), 'r.parquet')
    const endless = row.with(9, 'infinity')
    await assert.rejects(write(file, [[endless]]), { code: 'value-not-parquet', message: /infinity in column at/ })
  })
})
