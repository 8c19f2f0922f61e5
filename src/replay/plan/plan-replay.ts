import type { TopicSnapshot } from '../../catalog/snapshot.ts'
import type { ReplayJob } from '../request/request.ts'
import type { PlanOutcome } from './plan.ts'
import { planSource } from './plan-source.ts'
import { divideShares } from './shares.ts'

/** Which archived segments hold what the job selects, what of it is missing, and how the work is divided. */
export function planReplay(snapshots: readonly TopicSnapshot[], job: ReplayJob, maxShares: number): PlanOutcome {
  const outcomes = snapshots.map((snapshot) => planSource(snapshot, job.source, job.target.topics.get(snapshot.topic)!))
  const sources = outcomes.map(({ plan }) => plan)
  return {
    plan: { sources, shares: divideShares(sources, job.order, maxShares) },
    sources: outcomes.map(({ facts }) => facts),
  }
}
