import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pythonEnvironment } from '../../kit/python.ts'
import { run } from '../../kit/run.ts'
import { orders } from '../../query/orders.ts'
import { type AthenaOnTrino, startAthenaOnTrino } from './on-trino.ts'
import { ask } from './rig.ts'

let athena: AthenaOnTrino
before(async () => {
  athena = await startAthenaOnTrino()
})
after(() => athena?.stop())

const script = `
import json, sys
from pyathena import connect
url, schema, staging, query = sys.argv[1:]
connection = connect(endpoint_url=url, region_name='eu-west-1', aws_access_key_id='AKIA', aws_secret_access_key='x',
  s3_staging_dir=staging, schema_name=schema, poll_interval=0.05)
cursor = connection.cursor()
cursor.execute(query)
plain = lambda v: v.hex() if isinstance(v, bytes) else v if v is None or isinstance(v, (str, bool, float)) else str(v)
print(json.dumps({'names': [d[0] for d in cursor.description], 'rows': [[plain(v) for v in row] for row in cursor.fetchall()]}))`

test("PyAthena, which knows the real service, takes the kit's server for Athena and reads the same as our engine", async () => {
  const environment = await pythonEnvironment(['pyathena==4.2.1'])
  const staging = `s3://${athena.bucket}/pyathena/`
  const pages = 'SELECT a.record_offset, b.record_key FROM orders a, orders b ORDER BY a.record_offset, b.record_offset'
  for (const sql of [
    'SELECT record_partition, record_offset, record_key, record_value, hour FROM orders ORDER BY record_partition, record_offset',
    // 14,400 rows: fifteen pages
    pages,
  ]) {
    const printed = await run(join(environment, 'bin', 'python'), [
      '-c',
      script,
      ...[athena.server.url, athena.database, staging, sql],
    ])
    const theirs = JSON.parse(printed) as { names: string[]; rows: unknown[][] }
    const engine = athena.open()
    const ours = await ask(engine, {
      sql,
      limits: { maxRows: 20_000, maxResultBytes: 1e9, timeoutMs: 60_000, maxMemoryBytes: 1e9 },
    })
    await engine.close()
    assert.deepEqual(
      theirs.names,
      ours.columns.map(({ name }) => name),
    )
    const plain = (value: unknown) =>
      value instanceof Uint8Array
        ? Buffer.from(value).toString('hex')
        : typeof value === 'bigint' || typeof value === 'number'
          ? String(value)
          : value
    assert.deepEqual(
      theirs.rows,
      ours.rows.map((row) => row.map(plain)),
    )
    assert.equal(theirs.rows.length, sql === pages ? orders().length ** 2 : orders().length)
  }
})
