import type { IncarnationSnapshot, PartitionSnapshot, TopicSnapshot } from '../catalog/snapshot.ts'
import { unpackGapSet } from '../format/gap-set.ts'
import type { CommittedSegment } from '../format/segment.ts'
import type { GapReason } from '../ports/record-block.ts'
import type { Selection } from './selection.ts'

/**
 * What a replay will read, fixed when it is created: a replay that is continued days later reads these very segments,
 * whatever was archived meanwhile.
 */
export interface ReplayPlan {
  topic: string
  /** The incarnation that is replayed; 0 when the archive holds none that fits (nothing is selected then). */
  incarnation: number
  /** Record timestamps `[from, until)` are emitted; null: no bound. */
  fromTimestampMs: number | null
  untilTimestampMs: number | null
  /** Ascending; those of which nothing is selected are there too, with no segments. */
  partitions: PartitionPlan[]
}

export interface PartitionPlan {
  partition: number
  /** Offsets `[from, until)` of the archive may be emitted; equal when there are none. */
  from: bigint
  until: bigint
  /**
   * Ascending by first offset. Their ranges may overlap: the hours of one commit interleave, and a late record stands in
   * an earlier hour's segment. Merging by offset gives the source's order.
   */
  segments: CommittedSegment[]
}

/** A plan, and what stands against it. */
export interface PlanOutcome {
  plan: ReplayPlan
  /** Partitions of the source that the archive knows, counted up to the highest number. */
  sourcePartitions: number
  /** By partition and offset. */
  missing: MissingRange[]
  /** Partitions that were asked for by number and are not archived. */
  unknownPartitions: number[]
}

/** Offsets that the selection covers and the archive does not hold, although they may have been selected records. */
export interface MissingRange {
  partition: number
  firstOffset: bigint
  /** Inclusive. */
  lastOffset: bigint
  /** `unarchived`: asked for by number, and not archived yet, or gone before the archive began. */
  reason: GapReason | 'unarchived'
}

/** Which archived segments hold what the selection asks for, and what of it is missing. */
export function planReplay(snapshot: TopicSnapshot, selection: Selection): PlanOutcome {
  const incarnation = chooseIncarnation(snapshot, selection.incarnation)
  const archived = incarnation?.partitions ?? []
  const numbers = archived.map(({ partition }) => partition)
  const asked = new Set(selection.partitions ?? [...numbers, ...boundPartitions(selection)])
  const chosen = archived.filter(({ partition }) => asked.has(partition))
  return {
    plan: {
      topic: snapshot.topic,
      incarnation: incarnation?.incarnation ?? 0,
      fromTimestampMs: selection.fromTimestampMs,
      untilTimestampMs: selection.untilTimestampMs,
      partitions: chosen.map((partition) => planPartition(partition, selection)),
    },
    sourcePartitions: Math.max(-1, ...numbers) + 1,
    missing: chosen.flatMap((partition) => findMissing(snapshot.topic, partition, selection)),
    unknownPartitions: [...asked].filter((partition) => !numbers.includes(partition)).sort((a, b) => a - b),
  }
}

/** Sums over a plan. Rows and bytes are upper bounds: a segment may hold rows outside the window. */
export interface PlanTotals {
  segments: number
  rows: number
  /** Bytes of the segments' objects. */
  bytes: number
}

export function planTotals(plan: ReplayPlan): PlanTotals {
  const totals = { segments: 0, rows: 0, bytes: 0 }
  for (const partition of plan.partitions) {
    for (const segment of partition.segments) {
      totals.segments += 1
      totals.rows += rowsWithin(segment, partition.from, partition.until)
      totals.bytes += segment.bytes
    }
  }
  return totals
}

function chooseIncarnation(snapshot: TopicSnapshot, asked: number | null): IncarnationSnapshot | undefined {
  // A topic that was just created again is not what "the latest" means as long as nothing of it is archived.
  if (asked === null) return snapshot.incarnations.findLast(({ partitions }) => partitions.length > 0)
  return snapshot.incarnations.find(({ incarnation }) => incarnation === asked)
}

function boundPartitions(selection: Selection): number[] {
  return [...selection.fromOffsets.keys(), ...selection.untilOffsets.keys()]
}

function planPartition(snapshot: PartitionSnapshot, selection: Selection): PartitionPlan {
  const { from, until } = offsetWindow(snapshot, selection)
  const window = timeWindow(selection)
  const segments = byFirstOffset(snapshot.segments).filter(
    (segment) =>
      segment.lastOffset >= from &&
      segment.firstOffset < until &&
      segment.maxTimestampMs >= window.from &&
      segment.minTimestampMs < window.until,
  )
  return { partition: snapshot.partition, from, until, segments }
}

function findMissing(topic: string, snapshot: PartitionSnapshot, selection: Selection): MissingRange[] {
  const { partition } = snapshot
  const { from, until } = offsetWindow(snapshot, selection)
  const archived = archivedRange(snapshot)
  const askedFrom = selection.fromOffsets.get(partition)
  const askedUntil = selection.untilOffsets.get(partition)
  const missing: MissingRange[] = []
  if (askedFrom !== undefined && askedFrom < archived.from) {
    const lastOffset = min(archived.from, askedUntil ?? archived.from) - 1n
    missing.push({ partition, firstOffset: askedFrom, lastOffset, reason: 'unarchived' })
  }
  const segments = byFirstOffset(snapshot.segments)
  const window = timeWindow(selection)
  const lost = snapshot.gaps
    .filter(({ reason }) => isLoss(reason))
    .flatMap((set) => [...unpackGapSet(set, `${topic}, partition ${partition}`)])
    .filter((gap) => gap.lastOffset >= from && gap.firstOffset < until && mayLieInWindow(gap, segments, window))
    .sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
  for (const { firstOffset, lastOffset, reason } of lost) missing.push({ partition, firstOffset, lastOffset, reason })
  if (askedUntil !== undefined && askedUntil > archived.next) {
    const firstOffset = max(archived.next, askedFrom ?? archived.next)
    missing.push({ partition, firstOffset, lastOffset: askedUntil - 1n, reason: 'unarchived' })
  }
  return missing
}

function archivedRange(snapshot: PartitionSnapshot): { from: bigint; next: bigint } {
  return snapshot.archived ?? { from: 0n, next: 0n }
}

function offsetWindow(snapshot: PartitionSnapshot, selection: Selection): { from: bigint; until: bigint } {
  const archived = archivedRange(snapshot)
  const from = max(selection.fromOffsets.get(snapshot.partition) ?? archived.from, archived.from)
  const until = min(selection.untilOffsets.get(snapshot.partition) ?? archived.next, archived.next)
  return { from: min(from, until), until }
}

/** Segments that hold rows, ascending. */
function byFirstOffset(segments: readonly CommittedSegment[]): CommittedSegment[] {
  return segments
    .filter(({ records }) => records > 0)
    .sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : a.firstOffset > b.firstOffset ? 1 : 0))
}

/** Control records are no data, aborted ones were never visible, compacted ones were replaced: only these are loss. */
function isLoss(reason: GapReason): boolean {
  return reason === 'retention' || reason === 'truncated' || reason === 'corrupt'
}

/**
 * Nobody knows the timestamps of lost records. They are taken to lie between those of the segments around the gap, so
 * that a loss of last year does not stand in the way of yesterday's replay.
 */
function mayLieInWindow(gap: OffsetRange, segments: readonly CommittedSegment[], window: TimeWindow): boolean {
  const before = segments.findLast(({ firstOffset }) => firstOffset <= gap.firstOffset)
  let after: CommittedSegment | undefined
  for (const segment of segments) {
    if (segment.lastOffset >= gap.lastOffset && (after === undefined || segment.lastOffset < after.lastOffset)) {
      after = segment
    }
  }
  const earliest = before?.minTimestampMs ?? Number.NEGATIVE_INFINITY
  const latest = after?.maxTimestampMs ?? Number.POSITIVE_INFINITY
  return latest >= window.from && earliest < window.until
}

interface OffsetRange {
  firstOffset: bigint
  lastOffset: bigint
}

interface TimeWindow {
  from: number
  until: number
}

function timeWindow(selection: Selection): TimeWindow {
  return {
    from: selection.fromTimestampMs ?? Number.NEGATIVE_INFINITY,
    until: selection.untilTimestampMs ?? Number.POSITIVE_INFINITY,
  }
}

function rowsWithin(segment: CommittedSegment, from: bigint, until: bigint): number {
  const offsets = min(segment.lastOffset + 1n, until) - max(segment.firstOffset, from)
  return Math.min(segment.records, Number(offsets))
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}
