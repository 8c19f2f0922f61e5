import type { Scenario } from '../../kit/scenario.ts'
import { replayBrokerTroubles } from './broker-trouble.ts'
import { changedReplays } from './changed.ts'
import { replayInstances } from './instances.ts'
import { replayKillPoints } from './kill-points.ts'
import { liveReplays } from './live.ts'
import { replayOrders } from './orders.ts'
import { replayRunners } from './runners.ts'
import { severalTopicsReplays } from './several.ts'
import { replaySleepers } from './sleepers.ts'
import { replaySteering } from './steering.ts'
import { replayStoreTroubles } from './store-trouble.ts'
import { replayTopicTroubles } from './topic-trouble.ts'

/** All faults that a replay is put through, in the order of the table. */
export const replayScenarios: readonly Scenario[] = [
  ...replayKillPoints,
  ...replayOrders,
  ...replaySteering,
  ...replayRunners,
  ...replayInstances,
  ...replaySleepers,
  ...replayBrokerTroubles,
  ...replayStoreTroubles,
  ...replayTopicTroubles,
  ...changedReplays,
  ...liveReplays,
  ...severalTopicsReplays,
]
