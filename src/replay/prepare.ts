import { concurrently } from '../catalog/concurrently.ts'
import { loadTopic } from '../catalog/snapshot.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { Finding } from './finding.ts'
import { extendToLive } from './live-end.ts'
import type { MissingRange } from './missing.ts'
import { type PlanOutcome, planReplay, type ReplayPlan } from './plan.ts'
import { checkSources, checkTarget } from './preflight.ts'
import { type ReplayJob, targetTopics } from './request.ts'

/** A request, thought through: what it would read, and all that stands against it. */
export interface PreparedReplay {
  plan: ReplayPlan
  /** Partitions that each target needs. */
  targetPartitions: number
  /** What the selection covers and the archive does not hold. */
  missing: (MissingRange & { topic: string })[]
  findings: Finding[]
}

/** Topics that are looked up at the same time. */
const concurrency = 4

/**
 * Plans a job and looks at its targets, changing nothing. `continued`: they hold what this very replay emitted before.
 * Throws NotFoundError `topic-not-archived`, UnavailableError.
 */
export async function prepareReplay(
  store: ObjectStore,
  eventLog: EventLog,
  job: ReplayJob,
  options: { continued: boolean; maxShares: number },
): Promise<PreparedReplay> {
  const { source, target } = job
  const snapshots = await concurrently(source.topics, concurrency, (topic) => loadTopic(store, topic))
  const atBroker = await eventLog.describe(source.topics)
  const outcome: PlanOutcome = planReplay(snapshots, job, options.maxShares)
  const live = source.toLive ? await extendToLive(eventLog, outcome, atBroker, job, options.maxShares) : []
  // Partitions that never had a record count too: they decide where a producer puts a key.
  const counts = [
    ...outcome.sources.map((facts) => facts.sourcePartitions),
    ...atBroker.map((topic) => topic.partitions),
  ]
  const targetPartitions = target.partitions ?? Math.max(1, ...counts)
  const findings = [...checkSources(outcome), ...live]
  for (const topic of targetTopics(target)) {
    const info = await eventLog.inspectTarget(topic)
    findings.push(...checkTarget({ target: topic, info, partitions: targetPartitions, continued: options.continued }))
  }
  const missing = outcome.sources.flatMap((facts) => facts.missing.map((range) => ({ topic: facts.topic, ...range })))
  return { plan: outcome.plan, targetPartitions, missing, findings }
}
