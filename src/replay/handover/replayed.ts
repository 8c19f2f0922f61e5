import type { StoredReplay } from '../stored-replay.ts'
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
}

export function replayedBy({ plan, source, target }: StoredReplay): Replayed {
  return {
    sources: [plan],
    targets: [target.topic],
    somePartitions: source.partitions !== null,
    untilTimestampMs: source.untilTimestampMs,
  }
}
