import { DamagedDataError } from '../../errors.ts'
import type { RecordCursor } from '../../format/record-batch/index.ts'
import type { RecordView } from '../../format/record-view.ts'
import type { PartitionFetch } from '../../ports/event-log.ts'
import type { GapReason, RecordBlock } from '../../ports/record-block.ts'

/** Takes what a partition delivered, offset by offset: every offset comes once, as a record or in a gap. */
export interface OffsetSink {
  /** The record the view stands on; `offset` is its offset. */
  record(record: RecordView, offset: OffsetOf): void
  gap(reason: GapReason, firstOffset: bigint, lastOffset: bigint): void
  /**
   * The block cannot be read from `firstOffset` on to its last offset, or `record` threw at `firstOffset`: throws the
   * error, or deals with these offsets, which then are passed over.
   */
  damaged(error: DamagedDataError, firstOffset: bigint, lastOffset: bigint): void
}

/** The current record's offset; asked for only where a bigint is needed, which is not for every record. */
export type OffsetOf = () => bigint

/**
 * Walks a fetch from offset `from` on and gives every offset to the sink; offsets below `from` were taken before.
 * Holes between records are what log compaction removed. Returns the next offset.
 */
export function walkFetch(fetch: PartitionFetch, from: bigint, cursor: RecordCursor, sink: OffsetSink): bigint {
  let next = from
  for (const run of fetch.runs) {
    if (run.kind === 'records') next = walkBlock(run.block, next, cursor, sink)
    else if (run.lastOffset >= next) {
      sink.gap(run.reason, run.firstOffset > next ? run.firstOffset : next, run.lastOffset)
      next = run.lastOffset + 1n
    }
  }
  return next
}

function walkBlock(block: RecordBlock, from: bigint, cursor: RecordCursor, sink: OffsetSink): bigint {
  const next = block.lastOffset + 1n
  if (next <= from) return from
  const at = (delta: number): bigint => block.baseOffset + BigInt(delta)
  const offset = (): bigint => at(cursor.offsetDelta)
  // within a block offsets are small distances from its base, so that the loop needs no bigint
  let expected = Number(from - block.baseOffset)
  const walk = (): void => {
    while (cursor.next()) {
      const delta = cursor.offsetDelta
      if (delta < expected) continue
      if (delta > expected) sink.gap('compacted', at(expected), at(delta - 1))
      expected = delta
      sink.record(cursor, offset)
      expected = delta + 1
    }
  }
  try {
    cursor.open(block)
    walk()
  } catch (error) {
    if (!(error instanceof DamagedDataError)) throw error
    sink.damaged(error, at(expected), block.lastOffset)
    return next
  }
  if (at(expected) < next) sink.gap('compacted', at(expected), block.lastOffset)
  return next
}
