import type { RetentionLimits } from '../../ports/retention.ts'
import type { LogRates } from './headroom.ts'

/** A look at a partition's log. */
export interface LogSample {
  /** By the injected clock, which may jump. */
  atMs: number
  logStart: bigint
  end: bigint
  oldestTimestampMs: number | null
  logBytes: number | null
  limits: RetentionLimits
}

/** What is remembered from look to look. */
export interface RateState {
  last: Pick<LogSample, 'atMs' | 'logStart' | 'end'>
  appendedPerMs: number | null
  /** Looks that measured it. */
  measured: number
  early: EarlyDeletes | null
}

/** Advances of the log start that retention does not explain. A log start moves in steps: two are needed for a rate. */
interface EarlyDeletes {
  advances: number
  /** Records deleted by all advances but the first, whose beginning nobody saw. */
  records: number
  /** Since the first advance. */
  elapsedMs: number
  /** From the first advance to the last. */
  lastMs: number
}

/** Time over which a rate is smoothed. */
const smoothingMs = 300_000
/** However much time seems to have passed, one look never outweighs all before it. */
const maxWeight = 0.5
/** Early deletes that pause for so many of their usual intervals have ended. */
const endedAfterIntervals = 10
/** With more than this share of its time left, the oldest record was not reached by the age that retention allows. */
const earlyShare = 0.25

/**
 * Adds a look. A clock that stands still or runs backwards adds nothing to a rate, one that leaps ahead at most halves it
 * until the next looks mend it; a log that was cut back or begun anew starts over.
 */
export function addSample(state: RateState | null, sample: LogSample): RateState {
  const { atMs, logStart, end } = sample
  const last = { atMs, logStart, end }
  if (state === null || end < state.last.end || logStart < state.last.logStart) {
    return { last, appendedPerMs: lifetimeRate(sample), measured: 0, early: null }
  }
  const elapsedMs = atMs - state.last.atMs
  const early = earlyDeletes(state, sample, Math.max(0, elapsedMs))
  if (elapsedMs <= 0) return { ...state, last, early }
  const rate = Number(end - state.last.end) / elapsedMs
  const measured = state.measured + 1
  // the first looks count as a plain mean, so that a rate is good after few of them
  const weight = Math.min(maxWeight, Math.max(1 - Math.exp(-elapsedMs / smoothingMs), 1 / (measured + 1)))
  const before = state.appendedPerMs
  return { last, appendedPerMs: before === null ? rate : before + weight * (rate - before), measured, early }
}

export function ratesOf({ appendedPerMs, early }: RateState): LogRates {
  return { appendedPerMs, deletedEarlyPerMs: early === null ? 0 : earlyRate(early) }
}

/** What one look can tell: the records that are there since the first of them was written. */
function lifetimeRate({ atMs, logStart, end, oldestTimestampMs }: LogSample): number | null {
  if (oldestTimestampMs === null || atMs <= oldestTimestampMs) return null
  return Number(end - logStart) / (atMs - oldestTimestampMs)
}

function earlyDeletes(state: RateState, sample: LogSample, elapsedMs: number): EarlyDeletes | null {
  const before = state.early === null ? null : { ...state.early, elapsedMs: state.early.elapsedMs + elapsedMs }
  const deleted = Number(sample.logStart - state.last.logStart)
  if (deleted > 0 && !isExplained(sample)) {
    if (before === null) return { advances: 1, records: 0, elapsedMs: 0, lastMs: 0 }
    const { advances, records } = before
    return { ...before, advances: advances + 1, records: records + deleted, lastMs: before.elapsedMs }
  }
  if (before === null || before.advances < 2) return before
  const pausedMs = before.elapsedMs - before.lastMs
  return pausedMs > endedAfterIntervals * intervalOf(before) ? null : before
}

/**
 * Whether retention may have deleted what is gone. By size it never leaves less than `retention.bytes`; by age it stops at
 * records that have not reached it, so that the oldest one left is about to.
 */
function isExplained({ atMs, oldestTimestampMs, logBytes, limits }: LogSample): boolean {
  if (limits.bytes !== null && (logBytes === null || logBytes >= limits.bytes)) return true
  if (limits.ms === null) return false
  return oldestTimestampMs === null || oldestTimestampMs + limits.ms - atMs <= limits.ms * earlyShare
}

const intervalOf = ({ advances, lastMs }: EarlyDeletes): number => lastMs / (advances - 1)

function earlyRate(early: EarlyDeletes): number {
  if (early.advances < 2 || early.lastMs === 0) return 0
  return early.records / Math.max(early.lastMs, early.elapsedMs - intervalOf(early))
}
