import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import type { QueryColumn, QueryValue } from '../../src/ports/query-engine.ts'
import { writeResult } from '../../src/query/output/result-format.ts'
import { python } from '../kit/python.ts'
import { exactly, RANDOM_VALUES } from './random-values.ts'
import { openRig, testFolder, testStore } from './rig.ts'
import { EVERY_TYPE, type TypeSample } from './type-samples.ts'

async function* batches(...all: QueryValue[][][]): AsyncGenerator<QueryValue[][]> {
  yield* all
}

/** What was written before it ended or threw. */
async function written(
  columns: readonly QueryColumn[],
  rows: AsyncIterable<QueryValue[][]>,
): Promise<{ bytes: Buffer; error: unknown }> {
  const pieces: Uint8Array[] = []
  try {
    for await (const piece of writeResult('arrow', columns, rows)) pieces.push(Buffer.from(piece))
    return { bytes: Buffer.concat(pieces), error: null }
  } catch (error) {
    return { bytes: Buffer.concat(pieces), error }
  }
}

async function arrowFile(t: Parameters<typeof testFolder>[0], bytes: Uint8Array): Promise<string> {
  const file = join(await testFolder(t), 'r.arrow')
  await writeFile(file, bytes)
  return file
}

const numbers: QueryColumn[] = [{ name: 'n', type: 'BIGINT' }]

describe('A result as an Arrow stream', () => {
  it("holds what DuckDB's own Parquet holds, type by type and value by value", async (t) => {
    const rig = await openRig(t, await testStore(t))
    const columnOf = ({ asked, values }: TypeSample) => {
      const [first, ...others] = values.map((value) => `CAST(${value} AS ${asked})`)
      return `unnest([${[first, 'NULL', ...others].join(', ')}])`
    }
    const asked = EVERY_TYPE.map((sample) => `${columnOf(sample)} AS ${sample.name}`)
    const exact = EVERY_TYPE.map((sample) => `${columnOf(sample)}::${sample.exact ?? sample.asked} AS ${sample.name}`)
    const { columns, rows } = await rig.query({ sql: `SELECT ${asked}` })
    const { bytes, error } = await written(columns, batches(rows))
    assert.equal(error, null)
    const file = await arrowFile(t, bytes)
    const connection = await (await DuckDBInstance.create(':memory:')).connect()
    await connection.run("SET TimeZone = 'UTC'")
    await connection.run(`COPY (SELECT ${exact}) TO '${file}.parquet' (FORMAT parquet)`)
    const script = `import json, sys, pyarrow as pa, pyarrow.ipc as ipc, pyarrow.parquet as pq
ours = ipc.open_stream(sys.argv[1]).read_all(); ours.validate(full=True)
theirs = pq.read_table(sys.argv[1] + '.parquet')
differ = [name for name in ours.column_names if not ours[name].combine_chunks().equals(theirs[name].combine_chunks())]
print(json.dumps({ 'rows': ours.num_rows, 'types': [str(f.type) for f in ours.schema], 'nullable': all(f.nullable for f in ours.schema),
  'differ': [[name, str(ours[name].type), str(theirs[name].type), str(ours[name]), str(theirs[name])] for name in differ] }))`
    const report = JSON.parse(await python(script, [file]))
    assert.deepEqual(report.differ, [])
    assert.deepEqual(
      report.types,
      EVERY_TYPE.map(({ arrow }) => arrow),
    )
    assert.deepEqual([report.rows, report.nullable], [rows.length, true])
  })

  it('gives any values back to pyarrow as they were, in any number of batches', async (t) => {
    const folder = await testFolder(t)
    const cases = fc.sample(fc.array(fc.array(fc.record(RANDOM_VALUES), { maxLength: 40 }), { maxLength: 4 }), {
      numRuns: 150,
      seed: 7,
    })
    const names = Object.keys(RANDOM_VALUES)
    for (const [index, rowBatches] of cases.entries()) {
      const columns = names.map((name) => ({ name, type: name }))
      const rows = rowBatches.map((batch) => batch.map((row) => Object.values(row).map(({ value }) => value)))
      const { bytes, error } = await written(columns, batches(...rows))
      assert.equal(error, null)
      await writeFile(join(folder, `${index}.arrow`), bytes)
    }
    const found = JSON.parse(await python(exactly, [folder, String(cases.length)])) as string[][][]
    for (const [index, rowBatches] of cases.entries()) {
      const expected = rowBatches.flat().map((row) => Object.values(row).map(({ exact }) => exact))
      assert.deepEqual(found[index], expected, `case ${index}`)
    }
  })

  it('without rows is a whole stream with its columns', async (t) => {
    for (const none of [batches(), batches([], [])]) {
      const { bytes } = await written([...numbers, { name: 'n', type: 'VARCHAR' }], none)
      const script = `import sys, pyarrow.ipc as ipc
t = ipc.open_stream(sys.argv[1]).read_all(); print(t.num_rows, [(f.name, str(f.type)) for f in t.schema])`
      const read = await python(script, [await arrowFile(t, bytes)])
      assert.equal(read.trim(), "0 [('n', 'int64'), ('n_1', 'string')]")
    }
  })

  it('is cut into record batches of some megabytes, however the rows come', async (t) => {
    const megabyte = new Uint8Array(1024 * 1024).fill(7)
    const { bytes } = await written([{ name: 'b', type: 'BLOB' }], batches(Array(30).fill([megabyte]), [[null]]))
    const script = `import json, sys, pyarrow.ipc as ipc
sizes = [[b.num_rows, b.nbytes, set(b''.join(v for v in b['b'].to_pylist() if v)) <= {7}] for b in ipc.open_stream(sys.argv[1])]
print(json.dumps([sum(n for n, _, _ in sizes), max(size for _, size, _ in sizes) < 9e6, all(same for _, _, same in sizes)]))`
    assert.deepEqual(JSON.parse(await python(script, [await arrowFile(t, bytes)])), [31, true, true])
  })

  it('that breaks off is no whole stream, wherever that is', async (t) => {
    for (const whole of [0, 1, 3]) {
      const rows = async function* (): AsyncGenerator<QueryValue[][]> {
        for (let batch = 0; batch < whole; batch++) yield [[BigInt(batch)], [null]]
        throw new Error('the engine is gone')
      }
      const { bytes, error } = await written(numbers, rows())
      assert.match(String(error), /the engine is gone/)
      const file = await arrowFile(t, bytes)
      await assert.rejects(python('import sys, pyarrow.ipc as ipc; ipc.open_stream(sys.argv[1]).read_all()', [file]))
    }
  })

  it('asks for rows only as it is read', async () => {
    let asked = 0
    const rows = async function* (): AsyncGenerator<QueryValue[][]> {
      for (;;) {
        asked++
        yield [[1n]]
      }
    }
    const stream = writeResult('arrow', numbers, rows())
    for (let piece = 1; piece <= 5; piece++) {
      await stream.next()
      assert.equal(asked, piece)
    }
    await stream.return(undefined)
  })

  it('says which column holds what Arrow cannot', async () => {
    for (const [type, value, message] of [
      ['TIMESTAMP WITH TIME ZONE', 'infinity', /Arrow has no form for infinity in column at/],
      ['TIME', '24:00:00', /24:00:00 in column at/],
      ['HUGEINT', 10n ** 38n, /1000+ in column at/],
      ['DECIMAL(4,2)', '100.00', /100\.00 in column at/],
    ] as const) {
      const { error } = await written([{ name: 'at', type }], batches([[null], [value]]))
      assert.equal((error as { code: string }).code, 'value-not-arrow')
      assert.match((error as Error).message, message)
    }
  })
})
