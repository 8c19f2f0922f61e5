import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import parquetjs from 'parquetjs-lite'
import { python } from '../../kit/python.ts'
import type { Row } from './segment-kit.ts'

/** Runs `use` with the files in a folder that is gone afterwards. */
export async function withFiles<T>(files: readonly Buffer[], use: (paths: string[]) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-parquet-'))
  try {
    const paths = files.map((_, i) => join(folder, `${i}.parquet`))
    await Promise.all(files.map((file, i) => writeFile(paths[i]!, file)))
    return await use(paths)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The rows of each file as pyarrow sees them, page checksums compared. */
export async function rowsByPyarrow(files: readonly Buffer[]): Promise<Row[][]> {
  const printed = await withFiles(files, (paths) => python(pyarrowScript, paths))
  return printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row[])
}

const pyarrowScript = `
import json, sys
import pyarrow as pa, pyarrow.parquet as pq
hexed = lambda value: None if value is None else value.hex()
for path in sys.argv[1:]:
    file = pq.ParquetFile(path, page_checksum_verification=True)
    table = file.read()
    assert table.schema.field('record_timestamp').type == pa.timestamp('us', 'UTC')
    assert file.metadata.num_rows == table.num_rows
    columns = [table.column(name).to_pylist() for name in ('record_partition', 'record_offset')]
    columns.append(table.column('record_timestamp').cast(pa.int64()).to_pylist())
    columns += [table.column(name).to_pylist() for name in ('record_key', 'record_value', 'record_headers')]
    print(json.dumps([
        {'partition': p, 'offset': str(o), 'micros': str(t), 'key': hexed(k), 'value': hexed(v),
         'headers': [[h['key'].encode().hex(), hexed(h['value'])] for h in hs]}
        for p, o, t, k, v, hs in zip(*columns)]))
`

/** The rows of each file as DuckDB sees them. */
export async function rowsByDuckdb(files: readonly Buffer[]): Promise<Row[][]> {
  const rows: Row[][] = []
  await withFiles(files, async (paths) => {
    for (const path of paths) {
      const found = await duckdb<Omit<Row, 'headers'> & { headers: { k: string; v: string | null }[] }>(
        `SELECT record_partition AS partition, record_offset::VARCHAR AS offset,
           epoch_us(record_timestamp)::VARCHAR AS micros, lower(hex(record_key)) AS key, lower(hex(record_value)) AS value,
           [{k: lower(hex(encode(h.key))), v: lower(hex(h.value))} FOR h IN record_headers] AS headers
         FROM read_parquet('${path}', file_row_number = true) ORDER BY file_row_number`,
      )
      rows.push(found.map((row) => ({ ...row, headers: row.headers.map(({ k, v }) => [k, v]) })))
    }
  })
  return rows
}

/** Runs a query in a DuckDB of its own. */
export async function duckdb<T>(sql: string): Promise<T[]> {
  const instance = await DuckDBInstance.create()
  const connection = await instance.connect()
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson() as unknown as T[]
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** The rows of a file as hyparquet sees them. */
export async function rowsByHyparquet(file: Buffer): Promise<Row[]> {
  const found = await parquetReadObjects({
    file: file.buffer.slice(file.byteOffset, file.byteOffset + file.length) as ArrayBuffer,
    compressors,
    utf8: false,
    geoparquet: false,
    parsers: { timestampFromMicroseconds: (micros: bigint) => micros, stringFromBytes: (bytes: Uint8Array) => bytes },
  })
  return found.map((row) => ({
    partition: row.record_partition,
    offset: String(row.record_offset),
    micros: String(row.record_timestamp),
    key: hex(row.record_key),
    value: hex(row.record_value),
    headers: row.record_headers.map((header: { key: Uint8Array; value: Uint8Array | null }) => [
      hex(header.key),
      hex(header.value),
    ]),
  }))
}

/** The rows of a file as parquetjs-lite sees them. It has no zstd, and offsets above 2^53 are beyond it. */
export async function rowsByParquetjs(file: Buffer): Promise<Row[]> {
  const reader = await parquetjs.ParquetReader.openBuffer(file)
  const cursor = reader.getCursor()
  const rows: Row[] = []
  for (let row = await cursor.next(); row !== null; row = await cursor.next()) {
    rows.push({
      partition: row.record_partition,
      offset: String(row.record_offset),
      micros: String(BigInt(row.record_timestamp.getTime()) * 1000n),
      key: hex(row.record_key),
      value: hex(row.record_value),
      headers: (row.record_headers.list ?? []).map(({ element }) => [
        Buffer.from(element.key).toString('hex'),
        hex(element.value),
      ]),
    })
  }
  await reader.close()
  return rows
}

function hex(bytes: Uint8Array | null | undefined): string | null {
  return bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString('hex')
}
