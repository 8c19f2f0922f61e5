import type { RowBatch } from '../format/row-batch.ts'
import { rowRecord } from '../format/row-record.ts'
import type { TableRow, TimeWindow } from '../ports/query-engine.ts'
import type { SegmentRows } from './key-rows.ts'
import { partitionValuesOf } from './partition-columns.ts'

/** Rows of segments as those of a table with these partition columns; only those in the window. */
export function tableRows(
  found: readonly SegmentRows[],
  partitionColumns: readonly string[],
  window: TimeWindow | null,
): TableRow[] {
  return found.flatMap(({ segment, rows }) => {
    const { columns, values } = partitionValuesOf(segment.path)
    const partitionValues = partitionColumns.map((name) => {
      const at = columns.findIndex((column) => column.toLowerCase() === name.toLowerCase())
      return values[at] ?? null
    })
    return rowNumbers(rows, window).map((row) => ({ ...tableRow(rows, row), partitionValues }))
  })
}

function rowNumbers({ rows, timestampMicros }: RowBatch, window: TimeWindow | null): number[] {
  const from = window?.fromMicros ?? null
  const until = window?.untilMicros ?? null
  return Array.from({ length: rows }, (_, row) => row).filter((row) => {
    const micros = timestampMicros[row]!
    return (from === null || micros >= from) && (until === null || micros < until)
  })
}

function tableRow(rows: RowBatch, row: number): Omit<TableRow, 'partitionValues'> {
  const timestampMicros = rows.timestampMicros[row]!
  const { key, value, headers } = rowRecord(rows, row, Number(timestampMicros / 1000n))
  return {
    ...{ partition: rows.partition, offset: rows.offset[row]!, timestampMicros, key, value },
    headers: headers.map((header) => ({ key: Buffer.from(header.key).toString(), value: header.value })),
  }
}
