import type { ReplayOrder } from '../request/request.ts'
import {
  endOffset,
  type LanePlan,
  type PartitionPlan,
  partitionRows,
  type ReplayPlan,
  type SharePlan,
  type SourcePlan,
  type StreamRef,
} from './plan.ts'

/**
 * Divides the partitions that have something to emit into at most `maxShares` shares of like size, where each target
 * partition is one share's: where several writers' transactions were aborted in one partition, kafkajs gives out records of
 * them, which read models would take for real. So order `key` has a single share, and `time` one for each target.
 */
export function divideShares(sources: readonly SourcePlan[], order: ReplayOrder, maxShares: number): SharePlan[] {
  const lanes = order === 'time' ? lanesByTarget(sources) : busyStreams(sources).map((stream) => [stream])
  const largestFirst = lanes.map((lane) => ({ lane, rows: rowsOfAll(sources, lane) })).sort((a, b) => b.rows - a.rows)
  const most = { partition: maxShares, key: 1, time: lanes.length }
  const count = Math.min(most[order], lanes.length)
  const shares = Array.from({ length: count }, (_, share) => ({ share, rows: 0, lanes: [] as LanePlan[] }))
  for (const { lane, rows } of largestFirst) {
    const smallest = shares.reduce((least, share) => (share.rows < least.rows ? share : least))
    smallest.lanes.push({ streams: lane })
    smallest.rows += rows
  }
  return shares.map(({ share, lanes }) => ({ share, lanes }))
}

/** The plan of a stream's partition. */
export function planOf(sources: readonly SourcePlan[], { source, partition }: StreamRef): PartitionPlan {
  const plan = sources[source]?.partitions.find((candidate) => candidate.partition === partition)
  if (plan === undefined) throw new RangeError(`the plan has no partition ${partition} of source ${source}`)
  return plan
}

/** The part of all work that a share is, from 0 to 1. */
export function portionOf({ sources, shares }: ReplayPlan, share: number): number {
  const sizes = shares.map(({ lanes }) => lanes.reduce((sum, { streams }) => sum + rowsOfAll(sources, streams), 0))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  return total === 0 ? 1 / shares.length : sizes[share]! / total
}

function lanesByTarget(sources: readonly SourcePlan[]): StreamRef[][] {
  const byTarget = Map.groupBy(busyStreams(sources), ({ source }) => sources[source]!.target)
  return [...byTarget.values()]
}

function busyStreams(sources: readonly SourcePlan[]): StreamRef[] {
  return sources.flatMap(({ partitions }, source) =>
    partitions
      .filter((plan) => plan.segments.length > 0 || endOffset(plan) > plan.until)
      .map(({ partition }) => ({ source, partition })),
  )
}

function rowsOfAll(sources: readonly SourcePlan[], streams: readonly StreamRef[]): number {
  return streams.reduce((sum, stream) => sum + partitionRows(planOf(sources, stream)), 0)
}
