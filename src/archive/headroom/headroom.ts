import type { RetentionLimits } from '../../ports/retention.ts'

/** How near the loss of records is that somebody has yet to read. */
export type HeadroomLevel = 'ok' | 'warn' | 'critical' | 'lost'

/** Shares of retention left, 0 to 1, below which a level begins. */
export interface HeadroomThresholds {
  warnShare: number
  criticalShare: number
}

/** A partition as the broker has it now. */
export interface LogFacts {
  logStart: bigint
  end: bigint
  limits: RetentionLimits
  /** Null when the broker does not tell. */
  logBytes: number | null
}

/** Who has to read it: the archive or a consumer group. */
export interface ReaderFacts {
  /** Next offset to read. */
  position: bigint
  /** Time that retention judges the record there by; null when it is not known. */
  timestampMs: number | null
}

/** How a log grows and shrinks, smoothed (archive/headroom/rates). */
export interface LogRates {
  /** Records appended per millisecond; null before anything is known of it. */
  appendedPerMs: number | null
  /** Records per millisecond by which the log start advances beyond what retention explains; 0: it does not. */
  deletedEarlyPerMs: number
}

/** What is predicted for a reader of a partition. */
export interface Headroom {
  /** Offsets that are there and not read yet. */
  pendingRecords: bigint
  /** Offsets that were deleted before they were read. */
  lostRecords: bigint
  /** Until the first pending record may be deleted, at the earliest; null: never, as things are. */
  timeToLossMs: number | null
  /** Share of retention that is left for the first pending record, 0 to 1; null: nothing limits it. */
  shareLeft: number | null
  level: HeadroomLevel
}

interface Limit {
  timeMs: number | null
  share: number
}

/**
 * Kafka deletes whole segments from the front: one whose largest timestamp is older than `retention.ms`, or while at least
 * `retention.bytes` are left without it. A segment's largest timestamp is never below that of a record in it, and nothing
 * behind a segment goes before it, so each limit here is a lower bound: nothing pending is deleted earlier.
 */
export function predictHeadroom(
  log: LogFacts,
  reader: ReaderFacts,
  rates: LogRates,
  nowMs: number,
  thresholds: HeadroomThresholds,
): Headroom {
  const { logStart, end } = log
  const { position } = reader
  const from = position > logStart ? position : logStart
  const pendingRecords = end > from ? end - from : 0n
  const lostRecords = from - position
  if (lostRecords > 0n) return { pendingRecords, lostRecords, timeToLossMs: 0, shareLeft: 0, level: 'lost' }
  if (pendingRecords === 0n) return { pendingRecords, lostRecords, timeToLossMs: null, shareLeft: null, level: 'ok' }
  const limits = [ageLimit(log, reader, nowMs), sizeLimit(log, pendingRecords, rates), earlyLimit(log, from, rates)]
  const known = limits.filter((limit) => limit !== null)
  const times = known.map((limit) => limit.timeMs).filter((timeMs) => timeMs !== null)
  const shareLeft = known.length === 0 ? null : Math.min(...known.map((limit) => limit.share))
  return {
    pendingRecords,
    lostRecords,
    timeToLossMs: times.length === 0 ? null : Math.min(...times),
    shareLeft,
    level: levelOf(shareLeft, thresholds),
  }
}

/** The worst of them; `ok` for none. */
export function worstLevel(levels: readonly HeadroomLevel[]): HeadroomLevel {
  return levels.reduce((worst, level) => (severity(level) > severity(worst) ? level : worst), 'ok')
}

/** 0 for `ok` to 3 for `lost`. */
export function severity(level: HeadroomLevel): number {
  return ['ok', 'warn', 'critical', 'lost'].indexOf(level)
}

function levelOf(share: number | null, { warnShare, criticalShare }: HeadroomThresholds): HeadroomLevel {
  if (share === null || share > warnShare) return 'ok'
  return share > criticalShare ? 'warn' : 'critical'
}

function ageLimit({ limits }: LogFacts, { timestampMs }: ReaderFacts, nowMs: number): Limit | null {
  if (limits.ms === null || timestampMs === null) return null
  const leftMs = Math.max(0, timestampMs + limits.ms - nowMs)
  return { timeMs: leftMs, share: shareOf(leftMs, limits.ms) }
}

/** Brokers tell a partition's bytes only as a whole; what is pending is taken to have records of average size. */
function sizeLimit({ limits, logBytes, logStart, end }: LogFacts, pending: bigint, rates: LogRates): Limit | null {
  if (limits.bytes === null || logBytes === null) return null
  const bytesPerRecord = logBytes / Number(end - logStart)
  const leftBytes = Math.max(0, limits.bytes - bytesPerRecord * Number(pending))
  const bytesPerMs = (rates.appendedPerMs ?? 0) * bytesPerRecord
  return { timeMs: bytesPerMs > 0 ? leftBytes / bytesPerMs : null, share: shareOf(leftBytes, limits.bytes) }
}

/** Someone deletes by hand or program (DeleteRecords): no setting says how far, only how fast it has gone so far. */
function earlyLimit({ logStart, end }: LogFacts, from: bigint, { deletedEarlyPerMs }: LogRates): Limit | null {
  if (deletedEarlyPerMs <= 0) return null
  const left = Number(from - logStart)
  return { timeMs: left / deletedEarlyPerMs, share: shareOf(left, Number(end - logStart)) }
}

const shareOf = (left: number, whole: number): number => (whole > 0 ? Math.min(1, left / whole) : 0)
