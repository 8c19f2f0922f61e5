import type { OutgoingRecord } from '../../format/record-batch/index.ts'
import { MillisColumn } from '../../format/record-batch/millis-column.ts'
import type { RowBatch } from '../../format/row-batch.ts'
import { rowRecord } from '../../format/row-record.ts'
import type { ChangedRow } from './changed-row.ts'
import type { OpenUpcaster } from './open-upcaster.ts'
import { type ChangeOrigin, Provenance } from './provenance.ts'
import type { TransformRequest } from './transform-request.ts'

export type { ChangedRow } from './changed-row.ts'

/** What happens to the rows of one partition on their way. */
export interface RowChange {
  /**
   * What rows `[from, to)` become, in their order. Some thousand rows at a time are best. The records may be views of the
   * batch, and are valid as long as it is. Throws as `OpenUpcaster.upcast`.
   */
  apply(rows: RowBatch, from: number, to: number): Promise<readonly ChangedRow[]>
}

/**
 * The change for a partition: the upcaster, which sees the headers as they were; then headers are dropped; then those are
 * added that say where the record is from. Null when nothing changes. `upcaster` is the transform's, opened, and stays open.
 */
export function openRowChange(
  transform: TransformRequest | null,
  origin: ChangeOrigin,
  upcaster: OpenUpcaster | null,
): RowChange | null {
  if (transform === null) return null
  if ((transform.upcaster === null) !== (upcaster === null)) {
    throw new TypeError('the upcaster that is opened is not the one of the transform')
  }
  const { topic, partition } = origin
  const changeHeaders = headerChange(transform, origin)
  if (upcaster === null) {
    return { apply: async (rows, from, to) => changeHeaders(rows, unchanged(rows, from, to)) }
  }
  return {
    apply: async (rows, from, to) => changeHeaders(rows, await upcaster.upcast({ topic, partition }, rows, from, to)),
  }
}

function unchanged(rows: RowBatch, from: number, to: number): ChangedRow[] {
  const millis = new MillisColumn()
  const changed: ChangedRow[] = []
  for (let row = from; row < to; row += 1) {
    changed.push({ row, records: [rowRecord(rows, row, millis.at(rows.timestampMicros, row))] })
  }
  return changed
}

type HeaderChange = (rows: RowBatch, changed: readonly ChangedRow[]) => readonly ChangedRow[]

function headerChange({ dropHeaders, stamp }: TransformRequest, origin: ChangeOrigin): HeaderChange {
  if (dropHeaders.length === 0 && !stamp) return (_, changed) => changed
  // bytes as texts of a character each, so that they can be looked up
  const dropped = new Set(dropHeaders.map((key) => Buffer.from(key).toString('latin1')))
  const provenance = stamp ? new Provenance(origin) : null
  return (rows, changed) => {
    const millis = new MillisColumn()
    return changed.map((change) => {
      if ('failure' in change) return change
      const { row, records } = change
      const added = provenance?.headers(rows.offset[row]!, millis.at(rows.timestampMicros, row)) ?? []
      return { row, records: records.map((record) => ({ ...record, headers: [...kept(record, dropped), ...added] })) }
    })
  }
}

function kept({ headers }: OutgoingRecord, dropped: ReadonlySet<string>): OutgoingRecord['headers'] {
  if (dropped.size === 0) return headers
  return headers.filter(
    ({ key }) => !dropped.has(Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')),
  )
}
