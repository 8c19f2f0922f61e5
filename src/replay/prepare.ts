import { loadTopic } from '../catalog/snapshot.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { planReplay, type ReplayPlan } from './plan.ts'
import { checkSource, checkTarget, type Finding } from './preflight.ts'
import type { ReplayRequest } from './request.ts'

/** A request, thought through: what it would read, and all that stands against it. */
export interface PreparedReplay {
  plan: ReplayPlan
  /** Partitions that the target needs. */
  targetPartitions: number
  findings: Finding[]
}

/**
 * Plans a request and looks at its target, changing nothing. `continued`: the target holds what this very replay emitted
 * before. Throws NotFoundError `topic-not-archived`, UnavailableError.
 */
export async function prepareReplay(
  store: ObjectStore,
  eventLog: EventLog,
  request: ReplayRequest,
  continued: boolean,
): Promise<PreparedReplay> {
  const { source, acceptGaps, target } = request
  const outcome = planReplay(await loadTopic(store, source.topic), source)
  // Partitions that never had a record count too: they decide where a producer puts a key.
  const [atBroker] = await eventLog.describe([source.topic])
  const partitions = Math.max(1, outcome.sourcePartitions, atBroker?.partitions ?? 0)
  const info = await eventLog.inspectTarget(target.topic)
  const findings = [
    ...checkSource(outcome, target.topic, acceptGaps),
    ...checkTarget({ target: target.topic, info, partitions, continued }),
  ]
  return { plan: outcome.plan, targetPartitions: partitions, findings }
}
