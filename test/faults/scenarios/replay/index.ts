import type { Scenario } from '../../kit/scenario.ts'
import { replayKillPoints } from './kill-points.ts'

/** All faults that a replay is put through, in the order of the table. */
export const replayScenarios: readonly Scenario[] = [...replayKillPoints]
