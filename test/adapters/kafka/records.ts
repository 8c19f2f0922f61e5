import { type OutgoingRecord, RecordEncoder } from '../../../src/format/record-batch/index.ts'
import type { RecordBlock } from '../../../src/ports/record-block.ts'

/** A block of its own bytes, so that it outlives the encoder. */
export function blockOfRecords(records: readonly Partial<OutgoingRecord>[]): RecordBlock {
  const encoder = new RecordEncoder()
  for (const record of records) {
    encoder.appendRecord({ key: null, value: null, headers: [], timestampMs: 1_700_000_000_000, ...record })
  }
  return encoder.finish()
}

/** Records with the numbers `[from, to)` as values. */
export function numbered(from: number, to: number): RecordBlock {
  return blockOfRecords(Array.from({ length: to - from }, (_, index) => ({ value: Buffer.from(String(from + index)) })))
}

export function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => String(from + index))
}
