import { planTotals } from './plan.ts'
import type { Finding } from './preflight.ts'
import { targetToJson } from './request.ts'
import { selectionToJson } from './selection.ts'
import type { Members } from './shape.ts'
import type { ReplayState, StateEntry, StateError, WrittenRecords } from './state.ts'
import type { StoredReplay } from './stored-replay.ts'

/** A replay as it is shown: JSON-ready, offsets as decimal strings. */
export interface ReplayStatus {
  id: string
  state: ReplayState
  /** ISO 8601 UTC. */
  createdAt: string
  /** Of the last change of state. */
  updatedAt: string
  /** The selection, as the request takes it. */
  source: Members
  target: Members
  plan: PlanSummary
  warnings: Finding[]
  /** What is committed in the target; null before the first start knew. */
  progress: StatusProgress | null
  /** Why it failed. */
  error: StateError | null
}

/** Rows and bytes are upper bounds: segments may hold records outside the selection. */
export interface PlanSummary {
  topic: string
  incarnation: number
  /** Partitions of which something is selected. */
  partitions: number
  segments: number
  rows: number
  /** Size of the segments' objects. */
  bytes: number
}

interface StatusProgress {
  rows: number
  /** Bytes of the records, uncompressed. */
  bytes: number
  /** Time at work, over all starts. */
  activeSeconds: number
  /** Of this start; null when the replay is not at work in this process. */
  rowsPerSecond: number | null
  /** At most; null when not known. */
  remainingSeconds: number | null
  partitions: StatusPartition[]
}

interface StatusPartition {
  partition: number
  /** Source offset it goes on from. */
  next: string
  rows: number
  /** Source offsets of the first and last record emitted. */
  firstOffset: string | null
  lastOffset: string | null
}

export function planSummary({ plan }: Pick<StoredReplay, 'plan'>): PlanSummary {
  const { topic, incarnation } = plan
  const partitions = plan.partitions.filter(({ segments }) => segments.length > 0).length
  return { topic, incarnation, partitions, ...planTotals(plan) }
}

/** `written` and `rowsPerSecond` are what a start in this process knows; else the log's last entry is all there is. */
export function replayStatus(
  replay: StoredReplay,
  entry: StateEntry,
  written: WrittenRecords | null,
  rowsPerSecond: number | null,
): ReplayStatus {
  const plan = planSummary(replay)
  return {
    id: replay.id,
    state: entry.state,
    createdAt: replay.createdAt,
    updatedAt: entry.at,
    source: selectionToJson(replay.source),
    target: targetToJson(replay.target),
    plan,
    warnings: replay.warnings,
    progress: written === null ? null : statusProgress(written, plan.rows, rowsPerSecond),
    error: entry.error,
  }
}

function statusProgress(written: WrittenRecords, maxRows: number, rowsPerSecond: number | null): StatusProgress {
  return {
    rows: written.rows,
    bytes: written.bytes,
    activeSeconds: written.activeMs / 1000,
    rowsPerSecond,
    remainingSeconds:
      rowsPerSecond === null || rowsPerSecond === 0 ? null : Math.max(0, maxRows - written.rows) / rowsPerSecond,
    partitions: written.partitions.map(({ partition, next, rows, firstOffset, lastOffset }) => ({
      partition,
      next: String(next),
      rows,
      firstOffset: firstOffset === null ? null : String(firstOffset),
      lastOffset: lastOffset === null ? null : String(lastOffset),
    })),
  }
}
