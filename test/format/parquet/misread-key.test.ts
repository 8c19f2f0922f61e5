import assert from 'node:assert/strict'
import { join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { archiveRecords } from '../../query/archive.ts'
import { testStore } from '../../query/rig.ts'

it('A plain DuckDB finds rows by their key, whatever its bytes', async (t) => {
  const store = await testStore(t)
  const keys = [
    ...Array.from({ length: 256 }, (_, byte) => Buffer.from([byte])),
    Buffer.from('größe-😀'),
    Buffer.from(`it's "quoted" \\x41`),
    Buffer.alloc(3000, 0xff),
    Buffer.from('order-1'),
    Buffer.alloc(0),
  ]
  const [segment] = await archiveRecords(
    store,
    'keys',
    keys.map((key, index) => ({
      partition: 0,
      offset: BigInt(index),
      timestampMs: 0,
      key,
      value: null,
      headers: [],
    })),
  )
  const file = join(fileURLToPath(store.url), segment!.path).replaceAll(/[[\]*?]/g, (sign) => `[${sign}]`)
  const duckdb = await (await DuckDBInstance.create(':memory:')).connect()
  const statement = await duckdb.prepare(`SELECT record_offset FROM read_parquet($file) WHERE record_key = $key`)
  const lost: number[] = []
  for (const [index, key] of keys.entries()) {
    statement.bindVarchar(1, file)
    statement.bindBlob(2, new Uint8Array(key))
    const rows = (await statement.runAndReadAll()).getRows()
    if (rows.length !== 1 || rows[0]![0] !== BigInt(index)) lost.push(index)
  }
  assert.deepEqual(lost, [])
})
