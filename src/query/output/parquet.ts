import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js'
import { ParquetWriter } from 'hyparquet-writer/src/parquet-writer.js'
import type { QueryColumn, QueryValue } from '../../ports/query-engine.ts'
import { gatherRows } from '../gather-rows.ts'
import { uniqueNames } from './json.ts'
import { type ParquetColumn, parquetColumn } from './parquet-column.ts'

/** A row group is written when there are so many rows, or so many bytes, roughly: until then they are in memory. */
const GROUP = { rows: 50_000, bytes: 32 * 1024 * 1024 }

/** A result as a Parquet file, in pieces. Throws InvalidInputError `value-not-parquet`. */
export async function* parquetFile(
  columns: readonly QueryColumn[],
  batches: AsyncIterable<readonly QueryValue[][]>,
): AsyncGenerator<Uint8Array> {
  const names = uniqueNames(columns)
  const written = columns.map((column, index) => parquetColumn(column, names[index]!))
  const bytes = new ByteWriter()
  const file = new ParquetWriter({
    writer: bytes,
    schema: [{ name: 'root', num_children: written.length }, ...written.map(({ element }) => element)],
    createdBy: 'coldstream',
  })
  /** What was written since; positions in the file go on. */
  const take = (): Uint8Array => {
    const taken = bytes.getBytes().slice()
    bytes.index = 0
    return taken
  }
  for await (const rows of gatherRows(batches, GROUP)) {
    await writeGroup(file, written, rows)
    yield take()
  }
  await file.finish()
  yield take()
}

async function writeGroup(file: ParquetWriter, columns: readonly ParquetColumn[], rows: readonly QueryValue[][]) {
  const columnData = columns.map(({ element, convert }, index) => ({
    name: element.name,
    data: rows.map((row) => {
      const value = row[index]
      return value === null || value === undefined ? null : convert(value)
    }),
  }))
  await file.write({ columnData, rowGroupSize: rows.length })
}
