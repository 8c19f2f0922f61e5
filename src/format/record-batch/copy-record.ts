import type { RecordView } from '../record-view.ts'
import type { OutgoingRecord } from './record-encoder.ts'
import { readVarint, varintBytes } from './varint.ts'

/** The record that a cursor stands on as one of its own, byte for byte, for where records are few. */
export function copyRecord(record: RecordView): OutgoingRecord {
  const { keyStart, keyLength, valueStart, valueLength, timestampMs } = record
  return {
    key: bytesOf(record, keyStart, keyLength),
    value: bytesOf(record, valueStart, valueLength),
    headers: headersOf(record),
    timestampMs,
  }
}

function headersOf(record: RecordView): OutgoingRecord['headers'] {
  let at = record.headersStart
  const part = (): Buffer | null => {
    const length = readVarint(record.bytes, at)
    at += varintBytes(length)
    const bytes = bytesOf(record, at, length)
    at += Math.max(0, length)
    return bytes
  }
  return Array.from({ length: record.headerCount }, () => ({ key: part() ?? Buffer.alloc(0), value: part() }))
}

function bytesOf(record: RecordView, start: number, length: number): Buffer | null {
  return length < 0 ? null : Buffer.from(record.bytes.subarray(start, start + length))
}
