import type { OutgoingRecord } from '../../format/record-batch/index.ts'
import type { RowBatch } from '../../format/row-batch.ts'

export interface RowChange {
  /** What rows `[from, to)` become, in their order. */
  apply(rows: RowBatch, from: number, to: number): Promise<readonly ChangedRow[]>
  close(): Promise<void>
}

export type ChangedRow = { row: number; records: readonly OutgoingRecord[] } | { row: number; failure: string }
