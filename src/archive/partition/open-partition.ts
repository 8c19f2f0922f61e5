import { CommitLog } from '../../catalog/commit-log.ts'
import { type BufferPool, SegmentWriter } from '../../format/parquet/index.ts'
import type { SegmentIdentity } from '../../format/segment.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog, PartitionBounds, TopicInfo } from '../../ports/event-log.ts'
import type { Log } from '../../ports/log.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { PartitionCommitter } from '../commit/commit-protocol.ts'
import type { SegmentDescriber } from '../commit/segment-describer.ts'
import type { Connector } from '../connector/connector.ts'
import { rebuildSegments } from './rebuild.ts'

/** What capturing a partition needs of the outside and of its neighbours. */
export interface PartitionParts {
  connector: Connector
  eventLog: EventLog
  store: ObjectStore
  describer: SegmentDescriber
  clock: Clock
  log: Log
  /** Random name of this writer in commit logs; every shard has its own. */
  writer: string
}

/** A partition whose log is read and which has no unfinished intent. */
export interface OpenedPartition {
  identity: SegmentIdentity
  incarnationId: string
  committer: PartitionCommitter
  /** First offset that was not archived when the partition was opened. */
  position: bigint
  /** Finishes the intent that a rival may have left; answers the first offset that is not archived now. */
  settle(): Promise<bigint>
}

/**
 * Reads where a partition's archive stands. An intent that its last writer left unfinished is finished first, with the
 * very segments it announced. A partition that was never archived begins at the first offset the broker still has.
 */
export async function openPartition(
  parts: PartitionParts,
  topic: TopicInfo,
  incarnation: number,
  bounds: PartitionBounds,
  pool: BufferPool,
  signal: AbortSignal,
): Promise<OpenedPartition> {
  const { store, clock, describer } = parts
  const identity: SegmentIdentity = {
    topic: topic.topic,
    incarnation,
    partition: bounds.partition,
    timestampType: topic.timestampType,
  }
  const { codec } = parts.connector.routing
  const log = await CommitLog.open({ store, key: identity, writer: parts.writer, clock })
  const buildEmpty = () => new SegmentWriter({ identity, codec, pool }).finish()
  const brokerFirst = async () => (await parts.eventLog.bounds(topic, [bounds.partition]))[0]?.first ?? bounds.first
  const committer = new PartitionCommitter({ store, log, describer, brokerFirst, buildEmpty })
  const rebuildParts = { eventLog: parts.eventLog, identity, incarnationId: topic.incarnationId, pool, signal }
  const settle = async (): Promise<bigint> => {
    for (let intent = committer.state.openIntent; intent !== null; intent = committer.state.openIntent) {
      const { from, next } = intent
      parts.log.info('finishing the segments that another writer announced', {
        topic: topic.topic,
        partition: bounds.partition,
        from,
        next,
      })
      await committer.finish({
        rebuild: (entry, missing) => rebuildSegments(entry, missing, rebuildParts),
      })
    }
    return committer.state.archived?.next ?? bounds.first
  }
  return { identity, incarnationId: topic.incarnationId, committer, position: await settle(), settle }
}
