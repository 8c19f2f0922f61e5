import type { OutgoingRecord } from '../../format/record-batch/index.ts'
import { MillisColumn } from '../../format/record-batch/millis-column.ts'
import type { RowBatch } from '../../format/row-batch.ts'
import { rowRecord } from '../../format/row-record.ts'
import type { ChangeOrigin } from './provenance.ts'
import { Provenance } from './provenance.ts'
import type { UpcasterIdentity } from './upcaster-identity.ts'

/**
 * A row that the upcaster failed on, as it goes to the dead letter topic: byte for byte, with the headers in which Kafka
 * Connect says where it comes from and why (KIP-298), as capture's dead letters have them, and with those that a replay
 * stamps. Its time is `nowMs`, or retention would take it at once; its own is in `coldstream.source.timestamp`. Its bytes are
 * the batch's.
 */
export function deadLetter(
  rows: RowBatch,
  row: number,
  reason: string,
  origin: ChangeOrigin & { upcaster: UpcasterIdentity },
  nowMs: number,
): OutgoingRecord {
  const offset = rows.offset[row]!
  const original = rowRecord(rows, row, new MillisColumn().at(rows.timestampMicros, row))
  const context: Record<string, string> = {
    '__connect.errors.topic': origin.topic,
    '__connect.errors.partition': String(origin.partition),
    '__connect.errors.offset': String(offset),
    '__connect.errors.stage': 'TRANSFORMATION',
    '__connect.errors.class.name': `${origin.upcaster.name} ${origin.upcaster.version}`,
    '__connect.errors.exception.class.name': 'upcaster-failed',
    '__connect.errors.exception.message': reason,
  }
  const added = Object.entries(context).map(([key, value]) => ({ key: Buffer.from(key), value: Buffer.from(value) }))
  const provenance = new Provenance(origin).headers(offset, original.timestampMs)
  return { ...original, timestampMs: nowMs, headers: [...original.headers, ...added, ...provenance] }
}
