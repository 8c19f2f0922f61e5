import type { Rotation } from '../connector/connector.ts'

/**
 * When the open segments of a partition close: all of them together, and only because of what is written here. Any
 * rule is safe, because the commit log fixes a rotation's boundaries before a byte of it is visible.
 */
export type CloseReason =
  /** A segment reached `flush.size` records. */
  | 'flush-size'
  /** The record time between first and next record reached `rotate.interval.ms`. */
  | 'interval'
  /** Open for `rotate.schedule.interval.ms` of wall clock. */
  | 'schedule'
  /** No new record for `rotate.idle.ms` of wall clock. */
  | 'idle'
  /** Holds `segment.max.bytes`. */
  | 'bytes'
  /** All partitions together hold more than the memory budget, and this one most. */
  | 'memory'
  /** The end that was asked for is reached, or the service stops. */
  | 'end'

/** What the rules look at. Times are milliseconds of the injected clock. */
export interface RangeFacts {
  openedAtMs: number
  lastChangeAtMs: number
  heldBytes: number
}

/** Record time at which a range that began with this record time closes, before the record that has it. */
export function closesAtTimestampMs(firstTimestampMs: number, rotation: Rotation): number {
  return rotation.intervalMs === null ? Number.POSITIVE_INFINITY : firstTimestampMs + rotation.intervalMs
}

/** What closes an open range now, between two records; null: nothing. */
export function closesNow(range: RangeFacts, rotation: Rotation, nowMs: number): CloseReason | null {
  if (range.heldBytes >= rotation.maxBytes) return 'bytes'
  if (rotation.scheduleIntervalMs !== null && passed(range.openedAtMs, rotation.scheduleIntervalMs, nowMs))
    return 'schedule'
  return passed(range.lastChangeAtMs, rotation.idleMs, nowMs) ? 'idle' : null
}

/** A clock that was set back must not keep a range open for as long as it went back. */
function passed(sinceMs: number, spanMs: number, nowMs: number): boolean {
  return nowMs - sinceMs >= spanMs || nowMs < sinceMs
}
