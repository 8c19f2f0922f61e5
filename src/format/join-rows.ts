import { joinLongs } from './join-arrays.ts'
import type { BinaryColumn, HeaderColumn, RowBatch } from './row-batch.ts'

/** One batch of several that have the same columns, at least one; bytes are copied. Columns that were not read stay empty. */
export function joinRows(batches: readonly RowBatch[]): RowBatch {
  const [first] = batches
  if (batches.length === 1) return first!
  return {
    rows: batches.reduce((sum, { rows }) => sum + rows, 0),
    partition: first!.partition,
    offset: joinLongs(batches.map(({ offset }) => offset)),
    timestampMicros: joinLongs(batches.map(({ timestampMicros }) => timestampMicros)),
    key: joinBinaries(batches.map(({ key }) => key)),
    value: joinBinaries(batches.map(({ value }) => value)),
    headers: joinHeaders(batches.map(({ headers }) => headers)),
  }
}

/** The same rows; where few of a column's bytes are theirs they get bytes of their own, so that the others can go. */
export function compactRows(batch: RowBatch): RowBatch {
  const { key, value, headers } = batch
  return {
    ...batch,
    key: compactBinaries(key),
    value: compactBinaries(value),
    headers: {
      first: headers.first,
      keys: compactBinaries(headers.keys),
      values: compactBinaries(headers.values),
    },
  }
}

/** Up to this share of a column's bytes it costs less to copy the rows' own one by one than all of them at once. */
const fewBytes = 1 / 4

function compactBinaries(column: BinaryColumn): BinaryColumn {
  const { bytes, start, length } = column
  let own = 0
  for (let i = 0; i < length.length; i++) if (length[i]! > 0) own += length[i]!
  if (own > bytes.length * fewBytes) return column
  const compact: BinaryColumn = { bytes: Buffer.allocUnsafeSlow(own), start: new Int32Array(start.length), length }
  let at = 0
  for (let i = 0; i < length.length; i++) {
    compact.start[i] = at
    if (length[i]! > 0) at += bytes.copy(compact.bytes, at, start[i]!, start[i]! + length[i]!)
  }
  return compact
}

function joinBinaries(parts: readonly BinaryColumn[]): BinaryColumn {
  const count = parts.reduce((sum, { start }) => sum + start.length, 0)
  const size = parts.reduce((sum, { bytes }) => sum + bytes.length, 0)
  const joined = { bytes: Buffer.allocUnsafeSlow(size), start: new Int32Array(count), length: new Int32Array(count) }
  let at = 0
  let before = 0
  for (const { bytes, start, length } of parts) {
    for (let i = 0; i < start.length; i++) joined.start[at + i] = before + start[i]!
    joined.length.set(length, at)
    at += start.length
    before += bytes.copy(joined.bytes, before)
  }
  return joined
}

function joinHeaders(parts: readonly HeaderColumn[]): HeaderColumn {
  const keys = joinBinaries(parts.map((part) => part.keys))
  const values = joinBinaries(parts.map((part) => part.values))
  if (parts[0]!.first.length < 2) return { first: new Int32Array(0), keys, values }
  const first = new Int32Array(parts.reduce((sum, part) => sum + part.first.length - 1, 1))
  let row = 0
  let before = 0
  for (const part of parts) {
    for (let i = 1; i < part.first.length; i++) first[++row] = before + part.first[i]!
    before += part.keys.start.length
  }
  return { first, keys, values }
}
