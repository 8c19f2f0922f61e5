import type { Round } from './round.ts'

/** What the judges found of one round. */
export interface Verdict {
  /** Records that should have a row and have none with their content; of a replay: selected records that were not emitted. */
  lost: number
  /** Rows beyond the first of their offset, and rows that no record stands behind; records emitted more than once. */
  twice: number
  /**
   * Offsets without a row or a gap, and whatever `coldstream verify` finds. Of a replay: records out of order or never
   * selected, and partitions whose content is another.
   */
  unexplained: number
}

/** How much is written while instances come and go. */
export interface Load {
  recordsPerSecond: number
  seconds: number
}

/** One fault and how often it is tried; the file that exports it does the rest. */
export interface Scenario {
  /** Names the row of the table, and what `--only` selects. */
  name: string
  /** `full` for `npm run test:faults`; `short` for `npm test`, where 0 leaves it out. */
  rounds: { full: number; short: number }
  /** How long a round may take, where the load says so. */
  limitMs?(load: Load): number
  /** Makes the fault and judges the archive, or the target. Throws where anything else is not as it should be. */
  run(round: Round): Promise<Verdict>
}

/** Nothing lost, nothing twice, nothing unexplained. */
export function isClean({ lost, twice, unexplained }: Verdict): boolean {
  return lost + twice + unexplained === 0
}

/** The sum of what several judgements found. */
export function sumOf(verdicts: readonly Verdict[]): Verdict {
  const sum = (field: keyof Verdict): number => verdicts.reduce((total, verdict) => total + verdict[field], 0)
  return { lost: sum('lost'), twice: sum('twice'), unexplained: sum('unexplained') }
}
