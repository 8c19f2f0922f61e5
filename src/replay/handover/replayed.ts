import { endOffset } from '../plan/plan.ts'
import { targetTopics } from '../request/request.ts'
import type { StoredReplay } from '../run/stored-replay.ts'
import type { ReplayedSource } from './live-offsets.ts'

/** What a replay read and wrote, as far as handing over needs it. */
export interface Replayed {
  sources: readonly ReplayedSource[]
  /** Topics that it wrote to. */
  targets: readonly string[]
  /** Only some partitions of the source were asked for. */
  somePartitions: boolean
  /** Record timestamps from here on were left out; null: no such bound. */
  untilTimestampMs: number | null
  /** Records were left out by key, header or condition. */
  isFiltered: boolean
  /** Records were changed on the way. */
  isChanged: boolean
}

export function replayedBy({ plan, job }: StoredReplay): Replayed {
  return {
    sources: plan.sources.map(({ topic, incarnation, partitions }) => ({
      ...{ topic, incarnation },
      partitions: partitions.map((partition) => ({ partition: partition.partition, until: endOffset(partition) })),
    })),
    targets: targetTopics(job.target),
    somePartitions: job.source.partitions !== null,
    untilTimestampMs: job.source.untilTimestampMs,
    isFiltered: job.source.keys !== null || job.source.headers.length > 0 || job.source.where !== null,
    isChanged: job.transform !== null,
  }
}
