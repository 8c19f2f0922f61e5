import { concurrently } from '../../catalog/concurrently.ts'
import { loadTopic } from '../../catalog/snapshot.ts'
import type { TargetCreation, TargetLoad } from '../../ports/event-log.ts'
import type { ReplayDeps } from '../deps.ts'
import { type ReplayJob, targetTopics } from '../request/request.ts'
import type { Finding } from './finding.ts'
import { extendToLive } from './live-end.ts'
import type { MissingRange } from './missing.ts'
import { type PlanOutcome, type ReplayPlan, recordTimes } from './plan.ts'
import { planReplay } from './plan-replay.ts'
import { checkSources, checkTarget } from './preflight.ts'
import { targetOptions } from './target.ts'

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
/** Nothing is read to compile a condition. */
const validationLimitMs = 30_000

/**
 * Plans a job and looks at its targets, changing nothing. `continued`: they hold what the replay of this id emitted before.
 * Throws NotFoundError `topic-not-archived`, InvalidInputError for a condition that is none, UnavailableError.
 */
export async function prepareReplay(
  { store, logs, eventLog, conditions, limits }: ReplayDeps,
  job: ReplayJob,
  { id, continued }: { id: string | null; continued: boolean },
): Promise<PreparedReplay> {
  const { source, target } = job
  const { maxShares } = limits
  const snapshots = await concurrently(source.topics, concurrency, (topic) => loadTopic(store, topic, logs))
  if (source.where !== null) {
    const signal = AbortSignal.timeout(validationLimitMs)
    for (const topic of source.topics) await conditions.validate(source.where, topic, signal)
  }
  const atBroker = await eventLog.describe(source.topics)
  const outcome: PlanOutcome = planReplay(snapshots, job, maxShares)
  const live = source.toLive ? await extendToLive(eventLog, outcome, atBroker, job, maxShares) : []
  // Partitions that never had a record count too: they decide where a producer puts a key.
  const counts = [
    ...outcome.sources.map((facts) => facts.sourcePartitions),
    ...atBroker.map((topic) => topic.partitions),
  ]
  const targetPartitions = target.partitions ?? Math.max(1, ...counts)
  const findings = [...checkSources(outcome), ...live]
  const creations: TargetCreation[] = []
  for (const topic of targetTopics(target)) {
    const info = await eventLog.inspectTarget(topic, loadOf(outcome.plan, topic))
    if (info === null) creations.push({ topic, options: targetOptions(targetPartitions, target.config) })
    findings.push(...checkTarget({ target: topic, info, partitions: targetPartitions, continued }))
  }
  const missing = outcome.sources.flatMap((facts) => facts.missing.map((range) => ({ topic: facts.topic, ...range })))
  const share = { replay: id ?? 'preview', task: 0, tasks: Math.max(1, outcome.plan.shares.length) }
  findings.push(...(await eventLog.examineWriting(share, creations)))
  const deadLetters = job.transform?.deadLetterTopic ?? null
  if (deadLetters !== null && [...source.topics, ...targetTopics(target)].includes(deadLetters)) {
    findings.push({
      severity: 'error',
      code: 'dead-letters-mixed',
      message: `the dead-letter topic ${deadLetters} is a source or target of the replay itself`,
      remedy: 'Name a topic of its own for dead letters.',
    })
  }
  return { plan: outcome.plan, targetPartitions, missing, findings }
}

/** What comes into a target. */
function loadOf(plan: ReplayPlan, target: string): TargetLoad {
  const sources = plan.sources.filter((source) => source.target === target)
  const times = recordTimes({ ...plan, sources })
  const isLive = sources.some(({ partitions }) => partitions.some(({ liveUntil }) => liveUntil !== null))
  return {
    firstTimestampMs: times?.firstMs ?? null,
    lastTimestampMs: isLive ? null : (times?.lastMs ?? null),
    // what they are uncompressed is known once they are read
    partitionBytes: null,
  }
}
