import type { OutgoingRecord } from '../../format/record-batch/index.ts'
import { MillisColumn } from '../../format/record-batch/millis-column.ts'
import type { RowBatch } from '../../format/row-batch.ts'
import type { ChangedRow } from './changed-row.ts'
import { FrameReader, type Frames, FrameWriter } from './frames.ts'

/** Rows that are sent to a thread as one message. */
export interface RowRange {
  from: number
  /** The row after the last one. */
  to: number
}

/** One message holds at most so many rows, and ends with the row that brings it to so many bytes. */
const maxRows = 4096
const maxBytes = 4 * 1024 * 1024

/** Divides rows `[from, to)` into messages. */
export function* rowRanges(rows: RowBatch, from: number, to: number): Generator<RowRange, void, undefined> {
  let first = from
  let bytes = 0
  for (let row = from; row < to; row += 1) {
    bytes += Math.max(0, rows.key.length[row]!) + Math.max(0, rows.value.length[row]!)
    if (row + 1 - first < maxRows && bytes < maxBytes) continue
    yield { from: first, to: row + 1 }
    first = row + 1
    bytes = 0
  }
  if (first < to) yield { from: first, to }
}

/** Copies the rows of a range, but those in `except`, as `upcastBatch` reads them. */
export function framesOf(rows: RowBatch, { from, to }: RowRange, except: ReadonlyMap<number, string>): Frames {
  const millis = new MillisColumn()
  const { first, keys, values } = rows.headers
  const writer = new FrameWriter(64 * (to - from) + 1024)
  for (let row = from; row < to; row += 1) {
    if (except.has(row)) continue
    writer.int32(row)
    writer.int64(rows.offset[row]!)
    writer.float64(millis.at(rows.timestampMicros, row))
    writer.entry(rows.key, row)
    writer.entry(rows.value, row)
    writer.int32(first[row + 1]! - first[row]!)
    for (let header = first[row]!; header < first[row + 1]!; header += 1) {
      writer.entry(keys, header)
      writer.entry(values, header)
    }
  }
  return writer.take()
}

/** Reads what `upcastBatch` wrote. The records are views of the frames. */
export function changedRowsOf(frames: Frames): ChangedRow[] {
  const reader = new FrameReader(frames)
  const changed: ChangedRow[] = []
  while (!reader.isAtEnd) {
    const row = reader.int32()
    const count = reader.int32()
    if (count < 0) changed.push({ row, failure: reader.text() })
    else {
      const records: OutgoingRecord[] = []
      for (let left = count; left > 0; left -= 1) records.push(readRecord(reader))
      changed.push({ row, records })
    }
  }
  return changed
}

function readRecord(reader: FrameReader): OutgoingRecord {
  const timestampMs = reader.float64()
  const key = reader.bytes()
  const value = reader.bytes()
  const headers: { key: Uint8Array; value: Uint8Array | null }[] = []
  for (let left = reader.int32(); left > 0; left -= 1) {
    headers.push({ key: reader.bytes() ?? Buffer.alloc(0), value: reader.bytes() })
  }
  return { key, value, headers, timestampMs }
}
