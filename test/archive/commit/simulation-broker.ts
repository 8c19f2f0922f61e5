import { type Gap, GapBuilder } from '../../../src/format/gaps.ts'
import type { GapReason } from '../../../src/ports/record-block.ts'
import type { ToyRow } from './toy-segment.ts'

interface SimulatedRecord {
  kind: 'data' | 'control' | 'aborted'
  /** Decides which segment the record goes to. */
  bucket: number
  value: string
  /** Why it is gone, if it is. */
  goneBy: 'compacted' | 'retention' | null
}

/** One partition of a broker that compacts, and deletes from the front, at any time. */
export class SimulatedBroker {
  readonly records: SimulatedRecord[] = []
  /** First offset that is still there. */
  first = 0

  append(kind: SimulatedRecord['kind'], bucket: number): void {
    this.records.push({ kind, bucket, value: `v${this.records.length}`, goneBy: null })
  }

  /** Offset after the last record. */
  get end(): number {
    return this.records.length
  }

  compact(offset: number): void {
    const record = this.records[offset]
    if (record && offset >= this.first) record.goneBy ??= 'compacted'
  }

  retain(first: number): void {
    for (; this.first < Math.min(first, this.end); this.first++) this.records[this.first]!.goneBy ??= 'retention'
  }

  /** What a reader gets of `[from, next)` now. */
  read(from: number, next: number): { rows: (ToyRow & { bucket: number })[]; gaps: Gap[] } {
    const gaps = new GapBuilder()
    const rows: (ToyRow & { bucket: number })[] = []
    for (let offset = from; offset < next; offset++) {
      const { kind, bucket, value, goneBy } = this.records[offset]!
      const reason = this.#gapReason(offset, kind, goneBy)
      if (reason) gaps.add(reason, BigInt(offset), BigInt(offset))
      else rows.push({ offset, value, bucket })
    }
    return { rows, gaps: gaps.build() }
  }

  #gapReason(offset: number, kind: SimulatedRecord['kind'], goneBy: SimulatedRecord['goneBy']): GapReason | null {
    if (offset < this.first) return 'retention'
    if (goneBy !== null) return 'compacted'
    return kind === 'data' ? null : kind
  }
}
