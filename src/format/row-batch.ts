/**
 * Rows of a segment as columns, the way a row group is read: byte columns point into the decompressed pages.
 */
export interface RowBatch {
  rows: number
  partition: number
  offset: BigInt64Array
  timestampMicros: BigInt64Array
  key: BinaryColumn
  value: BinaryColumn
  headers: HeaderColumn
}

/** Byte strings of a column; row i is `bytes[start[i] .. start[i] + length[i])`, null when length[i] is -1. */
export interface BinaryColumn {
  bytes: Buffer
  start: Int32Array
  length: Int32Array
}

/** Headers of all rows; those of row i are the entries `first[i] .. first[i + 1] - 1` of `keys` and `values`. */
export interface HeaderColumn {
  first: Int32Array
  keys: BinaryColumn
  values: BinaryColumn
}
