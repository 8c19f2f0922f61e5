import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { parquetReadObjects } from 'hyparquet'
import { openFileStore } from '../../src/adapters/file/store.ts'
import { python } from '../kit/python.ts'
import { archiveRecords } from '../query/archive.ts'
import { orders } from '../query/orders.ts'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coldstream-cli-query-'))
  const store = await openFileStore(pathToFileURL(join(folder, 'archive')).href)
  await archiveRecords(store, 'orders', orders())
  await store.close()
})
after(() => rm(folder, { recursive: true }))

/** Runs `coldstream query` as a user does, in a process of its own. */
function query(args: string[], stdin = ''): Promise<{ code: number; stdout: Buffer; stderr: string }> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [main, 'query', ...args],
      { cwd: folder, env: { ...process.env, COLDSTREAM_STORE: join(folder, 'archive') }, encoding: 'buffer' },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr: stderr.toString() }),
    )
    child.stdin?.end(stdin)
  })
}

const two =
  'SELECT record_partition AS p, record_key AS key, record_value AS v FROM orders ORDER BY p, record_offset LIMIT 2'

describe('coldstream query', () => {
  it('writes no bytes to a terminal', async () => {
    const inTerminal = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))'
    for (const format of ['parquet', 'arrow']) {
      const command = [process.execPath, main, 'query', two, '--format', format]
      const env = { ...process.env, COLDSTREAM_STORE: join(folder, 'archive') }
      await assert.rejects(promisify(execFile)('python3', ['-c', inTerminal, ...command], { env }), (error) => {
        const { code, stdout } = error as { code?: number; stdout?: string }
        assert.equal(code, 2)
        assert.match(stdout ?? '', new RegExp(`--format ${format} is bytes.*> result.${format}`, 's'))
        return true
      })
    }
  })

  it('shows wide rows a line a value, also for \\G behind a statement from standard input', async () => {
    const expected = `-[ row 1 ]--
p    0
key  order-0-0
v    {"id":"e-0-0","type":"OrderPlaced","order":"order-0-0","total":0}
-[ row 2 ]--
p    0
key  order-0-1
v    {"id":"e-0-1","type":"OrderPaid","order":"order-0-1","total":1.5}
`
    for (const [args, stdin] of [
      [[two, '--format', 'vertical'], ''],
      [['-'], `${two}\\G\n`],
    ] as const) {
      const { code, stdout, stderr } = await query([...args], stdin)
      assert.equal(code, 0, stderr)
      assert.equal(stdout.toString(), expected)
      assert.match(stderr, /^2 rows from 4 files/)
    }
  })

  it('writes NDJSON and Parquet', async () => {
    const ndjson = await query([two, '--format', 'ndjson'])
    const lines = ndjson.stdout.toString().trimEnd().split('\n')
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).key),
      ['order-0-0', 'order-0-1'],
    )
    const { stdout, stderr } = await query([two, '--format', 'parquet'])
    const file = new Uint8Array(stdout).buffer as ArrayBuffer
    const rows = await parquetReadObjects({ file, utf8: false }).catch((error) => assert.fail(`${error} ${stderr}`))
    assert.deepEqual(
      rows.map(({ p, key }) => [p, Buffer.from(key).toString()]),
      [
        [0, 'order-0-0'],
        [0, 'order-0-1'],
      ],
    )
  })

  it('writes an Arrow stream that pyarrow reads', async () => {
    const { stdout, stderr } = await query([two, '--format', 'arrow'])
    const file = join(folder, 'two.arrow')
    await writeFile(file, stdout)
    const script = `import json, sys, pyarrow.ipc as ipc
with open(sys.argv[1], 'rb') as stream: table = ipc.open_stream(stream).read_all()
print(json.dumps([[str(c.type) for c in table.columns], table['p'].to_pylist(), [k.decode() for k in table['key'].to_pylist()]]))`
    const read = await python(script, [file]).catch((error) => assert.fail(`${error} ${stderr}`))
    assert.deepEqual(JSON.parse(read), [
      ['int32', 'binary', 'binary'],
      [0, 0],
      ['order-0-0', 'order-0-1'],
    ])
  })

  it('says what it would read, and names the engines there are', async () => {
    const sql = "SELECT count(*) FROM orders WHERE record_timestamp >= TIMESTAMP '2025-01-14 10:00:00'"
    const { stdout } = await query([sql, '--estimate'])
    assert.match(stdout.toString(), /^duckdb would read at most 2 files, \d/)
    const { code, stderr } = await query([sql, '--engine', 'nope'])
    assert.equal(code, 2)
    assert.match(stderr, /no engine "nope" here\.\n.*Name one of duckdb/)
  })
})
