import type { Scenario } from '../kit/scenario.ts'
import { killPoints } from './kill-points.ts'
import { lostAnswers } from './lost-answers.ts'
import { storeFull } from './store-full.ts'
import { storeTroubles } from './store-trouble.ts'

/** All faults that a capture is put through, in the order of the table. */
export const scenarios: readonly Scenario[] = [...killPoints, ...lostAnswers, ...storeTroubles, ...storeFull]

/** Faults whose cure is not built yet: the table names them, `--later` runs them. */
export const later: readonly Scenario[] = []
