import type { OutgoingRecord } from './record-batch/index.ts'
import type { BinaryColumn, RowBatch } from './row-batch.ts'

/** A row as one record, byte for byte. Its bytes are the batch's: valid as long as those are. */
export function rowRecord(rows: RowBatch, row: number, timestampMs: number): OutgoingRecord {
  const { first, keys, values } = rows.headers
  const headers: { key: Uint8Array; value: Uint8Array | null }[] = []
  for (let header = first[row]!; header < first[row + 1]!; header += 1) {
    headers.push({ key: entryOf(keys, header) ?? new Uint8Array(), value: entryOf(values, header) })
  }
  return { key: entryOf(rows.key, row), value: entryOf(rows.value, row), headers, timestampMs }
}

function entryOf({ bytes, start, length }: BinaryColumn, index: number): Buffer | null {
  const size = length[index]!
  return size < 0 ? null : bytes.subarray(start[index]!, start[index]! + size)
}
