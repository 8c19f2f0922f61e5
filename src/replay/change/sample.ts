import { isUtf8 } from 'node:buffer'
import type { OutgoingRecord } from '../../format/record-batch/index.ts'
import { MillisColumn } from '../../format/record-batch/millis-column.ts'
import type { RowBatch } from '../../format/row-batch.ts'
import { rowRecord } from '../../format/row-record.ts'
import type { RowChange } from './row-change.ts'

/**
 * Bytes as JSON shows them: parsed where they are a JSON object or list, as text where they are UTF-8, else in base64. Of
 * many bytes only the first are shown, and `bytes` says how many there are.
 */
export type ShownBytes =
  | { json: unknown }
  | { text: string; bytes?: number }
  | { base64: string; bytes?: number }
  | null

export interface ShownRecord {
  /** Milliseconds since the epoch; -1: none. */
  timestampMs: number
  key: ShownBytes
  value: ShownBytes
  headers: { key: string; value: ShownBytes }[]
}

/** A row before and after its change. */
export interface SampledRow {
  partition: number
  /** In decimals. */
  offset: string
  before: ShownRecord
  /** Empty when the row is dropped, and when it failed. */
  after: ShownRecord[]
  /** Why it cannot be changed, or null. */
  failure: string | null
}

const maxShownBytes = 16 * 1024
/** Such an integer would be shown rounded. */
const longInteger = /\d{16}/

/** The first rows of a batch, at most `n`, before and after their change. Throws as `RowChange.apply`. */
export async function sample(rows: RowBatch, change: RowChange, n: number): Promise<SampledRow[]> {
  const millis = new MillisColumn()
  const changed = await change.apply(rows, 0, Math.min(n, rows.rows))
  return changed.map((result) => {
    const { row } = result
    return {
      partition: rows.partition,
      offset: String(rows.offset[row]!),
      before: shownRecord(rowRecord(rows, row, millis.at(rows.timestampMicros, row))),
      after: 'failure' in result ? [] : result.records.map(shownRecord),
      failure: 'failure' in result ? result.failure : null,
    }
  })
}

function shownRecord({ timestampMs, key, value, headers }: OutgoingRecord): ShownRecord {
  return {
    timestampMs,
    key: shownBytes(key),
    value: shownBytes(value),
    headers: headers.map((header) => ({
      key: Buffer.from(header.key).toString(),
      value: shownBytes(header.value),
    })),
  }
}

function shownBytes(value: Uint8Array | null): ShownBytes {
  if (value === null) return null
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  const cut = bytes.length > maxShownBytes ? { bytes: bytes.length } : {}
  if (!isUtf8(bytes)) return { base64: bytes.toString('base64', 0, maxShownBytes), ...cut }
  if (bytes.length > maxShownBytes) return { text: bytes.toString('utf8', 0, maxShownBytes), ...cut }
  const text = bytes.toString()
  if (!/^\s*[{[]/.test(text) || longInteger.test(text)) return { text }
  try {
    return { json: JSON.parse(text) as unknown }
  } catch {
    return { text }
  }
}
