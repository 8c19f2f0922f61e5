import { RecordEncoder } from '../format/record-batch/record-encoder.ts'
import type { RowBatch } from '../format/row-batch.ts'
import type { CommittedSegment } from '../format/segment.ts'
import type { RecordBlock } from '../ports/record-block.ts'
import { mergeSegments, type OpenSegment, type RowRun } from './merge.ts'
import type { PartitionPlan } from './plan.ts'

/** Which rows of a lane's segments are emitted, and in what portions. */
export interface LaneOptions {
  plan: PartitionPlan
  /** Source offset to begin with; at least the plan's `from`. */
  next: bigint
  /** Record timestamps `[from, until)`; null: no bound. */
  fromTimestampMs: number | null
  untilTimestampMs: number | null
  /** A block is closed when it is this large, or before a record that would make it larger (unless it is empty). */
  maxBlockBytes: number
  maxBlockRows: number
  open: (segment: CommittedSegment) => Promise<OpenSegment>
}

/** A step of a partition on its way: the next records, encoded, and where that brings it. */
export interface LaneStep {
  partition: number
  /** Null when rows were read and none of them was selected. Valid until the step after the next one is asked for. */
  block: RecordBlock | null
  /** Source offset that goes on from here. */
  next: bigint
  /** Source offsets of the block's first and last record; -1 without a block. */
  firstOffset: bigint
  lastOffset: bigint
}

/** So many rows may be read without a selected one before a step says where the lane is. */
const maxRowsPerStep = 100_000

/** Reads a partition's segments in offset order and encodes what is selected; the last step's `next` is the plan's end. */
export async function* runLane(options: LaneOptions): AsyncGenerator<LaneStep, void, undefined> {
  const { plan, maxBlockBytes, maxBlockRows } = options
  // Two, so that a block can be written while the next is encoded.
  const encoders = [new RecordEncoder(), new RecordEncoder()]
  let turn = 0
  let encoder = encoders[turn]!
  let firstOffset = -1n
  let lastOffset = -1n
  let rowsRead = 0
  const finish = (next: bigint): LaneStep => {
    const block = encoder.count === 0 ? null : encoder.finish()
    const step = { partition: plan.partition, block, next, firstOffset, lastOffset }
    turn = 1 - turn
    encoder = encoders[turn]!
    firstOffset = -1n
    lastOffset = -1n
    rowsRead = 0
    return step
  }

  const isWanted = timeFilter(options)
  const segments = plan.segments.filter((segment) => segment.lastOffset >= options.next)
  for await (const run of mergeSegments(segments, options.open)) {
    const { rows } = run
    const { from, to } = clip(run, options.next, plan.until)
    for (let row = from; row < to; row += 1) {
      if (!isWanted(rows, row)) continue
      if (encoder.count > 0 && encoder.bytes + recordBytes(rows, row) > maxBlockBytes) yield finish(rows.offset[row]!)
      if (encoder.count === 0) firstOffset = rows.offset[row]!
      encoder.append(rows, row)
      lastOffset = rows.offset[row]!
      if (encoder.count >= maxBlockRows) yield finish(lastOffset + 1n)
    }
    rowsRead += run.to - run.from
    if (rowsRead >= maxRowsPerStep) yield finish(max(rows.offset[run.to - 1]! + 1n, options.next))
  }
  yield finish(plan.until)
}

/** Rows of the run with offsets in `[from, until)`. */
function clip({ rows, from, to }: RowRun, fromOffset: bigint, untilOffset: bigint): { from: number; to: number } {
  let first = from
  let end = to
  while (first < end && rows.offset[first]! < fromOffset) first += 1
  while (end > first && rows.offset[end - 1]! >= untilOffset) end -= 1
  return { from: first, to: end }
}

function timeFilter({ fromTimestampMs, untilTimestampMs }: LaneOptions): (rows: RowBatch, row: number) => boolean {
  if (fromTimestampMs === null && untilTimestampMs === null) return () => true
  const from = fromTimestampMs === null ? -(2n ** 63n) : BigInt(fromTimestampMs) * 1000n
  const until = untilTimestampMs === null ? 2n ** 63n - 1n : BigInt(untilTimestampMs) * 1000n
  return (rows, row) => {
    const micros = rows.timestampMicros[row]!
    return micros >= from && micros < until
  }
}

/** Upper bound of a record's size when encoded: its bytes, and room for every length and delta. */
function recordBytes(rows: RowBatch, row: number): number {
  const { first, keys, values } = rows.headers
  let bytes = 40 + Math.max(0, rows.key.length[row]!) + Math.max(0, rows.value.length[row]!)
  for (let header = first[row]!; header < first[row + 1]!; header += 1) {
    bytes += 10 + keys.length[header]! + Math.max(0, values.length[header]!)
  }
  return bytes
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
