import { DamagedDataError } from '../errors.ts'
import type { PartitionSegment, PickedOffsets } from './pick-queue.ts'

/** Collects the offsets that a statement picks of some segments, in whatever order they come. */
export class PickedByPartition {
  readonly #segments: readonly PartitionSegment[]
  readonly #picked = new Map<number, { offsets: BigInt64Array; count: number }>()

  constructor(segments: readonly PartitionSegment[]) {
    this.#segments = segments
    for (const [partition, own] of Map.groupBy(segments, ({ partition }) => partition)) {
      const rows = own.reduce((sum, { segment }) => sum + segment.records, 0)
      this.#picked.set(partition, { offsets: new BigInt64Array(rows), count: 0 })
    }
  }

  /** Throws DamagedDataError `segment-unreadable` when the segments were not committed with such a row. */
  add(partition: number, offset: bigint): void {
    const picked = this.#picked.get(partition)
    if (picked === undefined || picked.count === picked.offsets.length) throw otherRows(this.#segments, partition)
    picked.offsets[picked.count++] = offset
  }

  /** Ascending. */
  sorted(): PickedOffsets {
    return new Map(
      [...this.#picked].map(([partition, { offsets, count }]) => [partition, offsets.slice(0, count).sort()]),
    )
  }
}

function otherRows(segments: readonly PartitionSegment[], partition: number): DamagedDataError {
  const paths = segments.map(({ segment }) => segment.path)
  const found = `There are other rows of partition ${partition} in ${paths.join(', ')} than were committed.`
  return new DamagedDataError('segment-unreadable', found, {
    remedy: 'Run `coldstream verify` on the topic: it names what is damaged in the archive.',
    details: { paths },
  })
}
