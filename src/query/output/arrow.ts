import { AsyncByteQueue, makeData, RecordBatch, RecordBatchStreamWriter, Schema, Struct } from 'apache-arrow'
import { roughRowBytes } from '../../format/rough-bytes.ts'
import type { QueryColumn, QueryValue } from '../../ports/query-engine.ts'
import { arrowColumn } from './arrow-column.ts'
import { uniqueNames } from './json.ts'

/** Of the rows of a record batch, roughly: a column of it has 2 GiB at most, and is built in memory. */
const MAX_BATCH_BYTES = 8 * 1024 * 1024

/** As many as every message has, and the end mark. */
const HELD_BYTES = 8

/**
 * A result as a stream of Arrow's IPC format, in pieces, a record batch each. Throws InvalidInputError `value-not-arrow`.
 *
 * Readers also take a stream for whole that ends between two messages. So the last bytes of a message are held back until
 * the next one, or the end, is there: what breaks off breaks off within a message.
 */
export async function* arrowStream(
  columns: readonly QueryColumn[],
  batches: AsyncIterable<readonly QueryValue[][]>,
): AsyncGenerator<Uint8Array> {
  const names = uniqueNames(columns)
  const written = columns.map((column, index) => arrowColumn(column, names[index]!))
  const schema = new Schema(written.map(({ field }) => field))
  const struct = new Struct(schema.fields)
  const pieces = new Pieces()
  const writer = new RecordBatchStreamWriter()
  writer.reset(pieces, schema)
  let held = pieces.take()
  for await (const rows of cut(batches)) {
    const children = written.map(({ data }, index) => data(rows.map((row) => row[index] ?? null)))
    writer.write(new RecordBatch(schema, makeData({ type: struct, length: rows.length, nullCount: 0, children })))
    const whole = Buffer.concat([held, pieces.take()])
    held = whole.subarray(-HELD_BYTES)
    yield whole.subarray(0, -HELD_BYTES)
  }
  writer.close()
  yield Buffer.concat([held, pieces.take()])
}

/** No batch without rows, and none much larger than a record batch may be. */
async function* cut(batches: AsyncIterable<readonly QueryValue[][]>): AsyncGenerator<readonly QueryValue[][]> {
  for await (const rows of batches) {
    let from = 0
    let bytes = 0
    for (const [index, row] of rows.entries()) {
      bytes += roughRowBytes(row)
      if (bytes < MAX_BATCH_BYTES) continue
      yield rows.slice(from, index + 1)
      from = index + 1
      bytes = 0
    }
    if (from < rows.length) yield rows.slice(from)
  }
}

/** What the writer wrote since; its own queue would be waited for, without saying how much is in it. */
class Pieces extends AsyncByteQueue {
  #pieces: Uint8Array[] = []

  override write(piece: Uint8Array): void {
    this.#pieces.push(piece)
  }

  take(): Buffer {
    const taken = Buffer.concat(this.#pieces)
    this.#pieces = []
    return taken
  }
}
