import type { EventLog, TopicInfo } from '../../ports/event-log.ts'
import type { ReplayJob } from '../request/request.ts'
import type { Finding } from './finding.ts'
import type { PlanOutcome, SourcePlan } from './plan.ts'
import { divideShares } from './shares.ts'

/**
 * Lets each partition go on from the archive's end to what is the broker's end now, also partitions of which nothing is
 * archived yet; says what stands against that. The plan is changed.
 */
export async function extendToLive(
  eventLog: EventLog,
  { plan }: PlanOutcome,
  atBroker: readonly TopicInfo[],
  job: ReplayJob,
  maxShares: number,
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const source of plan.sources) {
    const topic = atBroker.find((candidate) => candidate.topic === source.topic)
    if (topic === undefined || topic.incarnationId !== source.incarnationId) findings.push(notThere(source, topic))
    else findings.push(...(await extend(eventLog, source, topic, job)))
  }
  plan.shares = divideShares(plan.sources, job.order, maxShares)
  return findings
}

async function extend(eventLog: EventLog, source: SourcePlan, topic: TopicInfo, job: ReplayJob): Promise<Finding[]> {
  const asked = job.source.partitions ?? Array.from({ length: topic.partitions }, (_, partition) => partition)
  const findings: Finding[] = []
  for (const { partition, first, end } of await eventLog.bounds(topic, asked)) {
    let planned = source.partitions.find((candidate) => candidate.partition === partition)
    if (planned === undefined) {
      // nothing of it is archived: all that the broker still has is live
      planned = { partition, from: first, until: first, segments: [], liveUntil: null }
      source.partitions.push(planned)
    }
    if (planned.until < first && first < end) findings.push(lost(source.topic, partition, planned.until, first))
    if (end > planned.until) planned.liveUntil = end
  }
  source.partitions.sort((a, b) => a.partition - b.partition)
  return findings
}

function notThere({ topic }: SourcePlan, found: TopicInfo | undefined): Finding {
  return {
    severity: 'error',
    code: 'live-topic-differs',
    message:
      found === undefined
        ? `${topic} is not at the broker any more, so there is nothing live to go on with`
        : `${topic} at the broker is not the topic that is replayed: it was deleted and created again`,
    remedy: 'Leave out "to": "live".',
  }
}

function lost(topic: string, partition: number, from: bigint, first: bigint): Finding {
  return {
    severity: 'error',
    code: 'live-history-lost',
    message: `partition ${partition} of ${topic}: offsets ${from} to ${first - 1n} are neither archived nor at the broker`,
    remedy: 'Let the connector catch up, or leave out "to": "live".',
  }
}
