import type { CommittedSegment } from '../../format/segment.ts'
import type { MissingRange } from './missing.ts'

/**
 * What a replay will read, fixed when it is created: a replay that is continued days later reads these very segments,
 * whatever was archived meanwhile.
 */
export interface ReplayPlan {
  /** One per topic, in the order of the request. */
  sources: SourcePlan[]
  /** All work, divided: each share is emitted by one writer at a time, on any instance. */
  shares: SharePlan[]
}

export interface SourcePlan {
  topic: string
  /** The incarnation that is replayed; 0 when the archive holds none that fits (nothing is selected then). */
  incarnation: number
  /** The broker's identity of it; null when there is none. */
  incarnationId: string | null
  /** Topic that its records are written into. */
  target: string
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
  /** Offsets `[until, liveUntil)` are read from the broker; null: the archive is all. */
  liveUntil: bigint | null
}

/** A part of the work, with one writer and one chain of transactions. */
export interface SharePlan {
  /** Numbered from 0. */
  share: number
  lanes: LanePlan[]
}

/** What is emitted in one order: a single partition, or with order `time` all that are merged. */
export interface LanePlan {
  streams: StreamRef[]
}

/** A partition of a source. */
export interface StreamRef {
  /** Index in `sources`. */
  source: number
  partition: number
}

/** A plan, and what stands against it. */
export interface PlanOutcome {
  plan: ReplayPlan
  sources: SourceFacts[]
}

export interface SourceFacts {
  topic: string
  /** Partitions of the source that the archive knows, counted up to the highest number. */
  sourcePartitions: number
  /** By partition and offset. */
  missing: MissingRange[]
  /** Partitions that were asked for by number and are not archived. */
  unknownPartitions: number[]
}

/** The offset after the last one of a partition that a replay may emit, from the archive or the broker. */
export function endOffset({ until, liveUntil }: PartitionPlan): bigint {
  return liveUntil ?? until
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
  for (const partition of plan.sources.flatMap(({ partitions }) => partitions)) {
    totals.segments += partition.segments.length
    totals.rows += partitionRows(partition)
    for (const { bytes } of partition.segments) totals.bytes += bytes
  }
  return totals
}

/** At most so many records does the partition hold for the replay. */
export function partitionRows({ from, until, segments, liveUntil }: PartitionPlan): number {
  let rows = liveUntil === null ? 0 : Number(liveUntil - until)
  for (const { firstOffset, lastOffset, records } of segments) {
    const first = firstOffset > from ? firstOffset : from
    const end = lastOffset + 1n < until ? lastOffset + 1n : until
    rows += Math.min(records, Number(end - first))
  }
  return rows
}

/** Lowest and highest timestamp of the segments; null when nothing of the archive is read. */
export function recordTimes({ sources }: ReplayPlan): { firstMs: number; lastMs: number } | null {
  const segments = sources.flatMap(({ partitions }) => partitions.flatMap((partition) => partition.segments))
  if (segments.length === 0) return null
  return {
    firstMs: segments.reduce((least, { minTimestampMs }) => Math.min(least, minTimestampMs), Number.POSITIVE_INFINITY),
    lastMs: segments.reduce((most, { maxTimestampMs }) => Math.max(most, maxTimestampMs), Number.NEGATIVE_INFINITY),
  }
}
