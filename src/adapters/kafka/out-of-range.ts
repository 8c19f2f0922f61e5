import type { PartitionFetch } from '../../ports/event-log.ts'
import type { KafkaCluster } from './cluster.ts'
import { listOffsets } from './offsets.ts'
import type { ReadingPosition } from './reading-position.ts'
import { judgeOutOfRange, logTruncated } from './truncation.ts'

/**
 * What became of a position that the broker does not have: the gap below its log, as a delivery; null when the position
 * is within the log after all. Throws DamagedDataError `log-truncated` when it lies above: records were lost.
 */
export async function gapBelowLog(cluster: KafkaCluster, position: ReadingPosition): Promise<PartitionFetch | null> {
  const { identity, partition, offset } = position
  const { topic } = identity
  const [first] = await listOffsets(cluster, identity, [partition], 'earliest')
  const [end] = await listOffsets(cluster, identity, [partition], 'latest')
  switch (judgeOutOfRange(offset, first!, end!)) {
    case 'truncated':
      throw logTruncated(topic, partition, offset, end!)
    case 'deleted': {
      const gap = { kind: 'gap', reason: 'retention', firstOffset: offset, lastOffset: first! - 1n } as const
      const [stable] = await listOffsets(cluster, identity, [partition], 'latest-committed')
      return { topic, partition, from: offset, next: first!, first: first!, end: stable!, epoch: -1, runs: [gap] }
    }
    case 'within':
      return null
  }
}
