import type { Scenario } from '../kit/scenario.ts'
import { abortedTransactions } from './aborted-transactions.ts'
import { brokerTroubles } from './broker-trouble.ts'
import { clockJumps } from './clock-jumps.ts'
import { comingAndGoing } from './coming-and-going.ts'
import { damageIsPassed, damageStops } from './damaged-log.ts'
import { killPoints } from './kill-points.ts'
import { lostAnswers } from './lost-answers.ts'
import { overtakenCaptures } from './overtaken.ts'
import { poisonRecord } from './poison-record.ts'
import { sleepingWriter } from './sleeping-writer.ts'
import { storeFull } from './store-full.ts'
import { storeTroubles } from './store-trouble.ts'
import { topicRecreated } from './topic-recreated.ts'
import { twoConnectors } from './two-connectors.ts'
import { unusualRecords } from './unusual-records.ts'

/** All faults that a capture is put through, in the order of the table. */
export const scenarios: readonly Scenario[] = [
  ...killPoints,
  ...lostAnswers,
  ...storeTroubles,
  ...storeFull,
  sleepingWriter,
  ...brokerTroubles,
  topicRecreated,
  ...overtakenCaptures,
  abortedTransactions,
  ...unusualRecords,
  ...damageStops,
  ...damageIsPassed,
  poisonRecord,
  clockJumps,
  ...twoConnectors,
  ...comingAndGoing,
]

/** Faults whose cure is not built yet: the table names them, `--later` runs them. */
export const later: readonly Scenario[] = []
