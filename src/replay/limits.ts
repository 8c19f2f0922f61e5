import type { UnitLimits } from './emit/open-unit.ts'
import type { StepLimits } from './emit/step-draft.ts'

/** In what portions replays are emitted, and how patiently. */
export interface ReplayLimits extends UnitLimits {
  /** A replay is divided into at most so many shares. */
  maxShares: number
  /** Partitions of a replay that are read at the same time on one instance. */
  maxLanes: number
  /** Of a step that goes into a single partition; one that goes into several may be so many times larger. */
  step: Pick<StepLimits, 'maxBlockBytes' | 'maxRows'>
  /** How long a share may go without a commit because of something that passes, before the replay fails. */
  maxTroubleMs: number
  /** How often what others wrote about a replay is looked at. */
  pollIntervalMs: number
  /** How long others are given to stand still before their writers are fenced. */
  haltPatienceMs: number
  /** A share that another instance has taken is taken back when it does not move for so long. */
  takeBackAfterMs: number
}

export const defaultReplayLimits: ReplayLimits = {
  maxUnitRows: 100_000,
  maxUnitBytes: 64 * 1024 * 1024,
  maxUnitMs: 5_000,
  firstUnitMs: 100,
  maxShares: 4,
  maxLanes: 16,
  // Two blocks of each partition are little memory, and large enough to compress well.
  step: { maxBlockBytes: 512 * 1024, maxRows: 5_000 },
  maxTroubleMs: 15 * 60_000,
  pollIntervalMs: 1_000,
  haltPatienceMs: 10_000,
  takeBackAfterMs: 30_000,
}
