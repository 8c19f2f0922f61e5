import type { BinaryColumn, HeaderColumn, RowBatch } from './row-batch.ts'

/** The rows of a batch with these numbers, in their order. Bytes are shared, not copied; an empty column stays empty. */
export function takeRows(batch: RowBatch, rows: Int32Array): RowBatch {
  return {
    rows: rows.length,
    partition: batch.partition,
    offset: takeLongs(batch.offset, rows),
    timestampMicros: takeLongs(batch.timestampMicros, rows),
    key: takeBinaries(batch.key, rows),
    value: takeBinaries(batch.value, rows),
    headers: takeHeaders(batch.headers, rows),
  }
}

/** A batch of no rows. */
export function noRows(partition: number): RowBatch {
  const none: BinaryColumn = { bytes: Buffer.alloc(0), start: new Int32Array(0), length: new Int32Array(0) }
  return {
    rows: 0,
    partition,
    offset: new BigInt64Array(0),
    timestampMicros: new BigInt64Array(0),
    key: none,
    value: none,
    headers: { first: new Int32Array(1), keys: none, values: none },
  }
}

function takeLongs(longs: BigInt64Array, rows: Int32Array): BigInt64Array {
  if (longs.length === 0) return longs
  const taken = new BigInt64Array(rows.length)
  for (let i = 0; i < rows.length; i++) taken[i] = longs[rows[i]!]!
  return taken
}

function takeBinaries(column: BinaryColumn, rows: Int32Array): BinaryColumn {
  if (column.start.length === 0) return column
  const start = new Int32Array(rows.length)
  const length = new Int32Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    start[i] = column.start[rows[i]!]!
    length[i] = column.length[rows[i]!]!
  }
  return { bytes: column.bytes, start, length }
}

function takeHeaders(headers: HeaderColumn, rows: Int32Array): HeaderColumn {
  if (headers.first.length < 2) return headers
  const first = new Int32Array(rows.length + 1)
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    first[i + 1] = first[i]! + headers.first[row + 1]! - headers.first[row]!
  }
  const entries = new Int32Array(first[rows.length]!)
  let at = 0
  for (const row of rows) {
    for (let header = headers.first[row]!; header < headers.first[row + 1]!; header++) entries[at++] = header
  }
  return { first, keys: takeBinaries(headers.keys, entries), values: takeBinaries(headers.values, entries) }
}
