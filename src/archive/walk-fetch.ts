import type { RecordCursor } from '../format/record-batch/index.ts'
import type { RecordView } from '../format/record-view.ts'
import type { PartitionFetch } from '../ports/event-log.ts'
import type { GapReason, RecordBlock } from '../ports/record-block.ts'

/** Takes what a partition delivered, offset by offset: every offset comes once, as a record or in a gap. */
export interface OffsetSink {
  /** The record the view stands on; `offset` is its offset. */
  record(record: RecordView, offset: OffsetOf): void
  gap(reason: GapReason, firstOffset: bigint, lastOffset: bigint): void
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
  if (block.lastOffset < from) return from
  cursor.open(block)
  const offset = (): bigint => block.baseOffset + BigInt(cursor.offsetDelta)
  // within a block offsets are small distances from its base, so that the loop needs no bigint
  let expected = Number(from - block.baseOffset)
  while (cursor.next()) {
    const delta = cursor.offsetDelta
    if (delta < expected) continue
    if (delta > expected)
      sink.gap('compacted', block.baseOffset + BigInt(expected), block.baseOffset + BigInt(delta - 1))
    expected = delta + 1
    sink.record(cursor, offset)
  }
  const next = block.lastOffset + 1n
  const reached = block.baseOffset + BigInt(expected)
  if (reached < next) sink.gap('compacted', reached, block.lastOffset)
  return next
}
