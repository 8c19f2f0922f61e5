import { listOffsetsV7 } from '@platformatic/kafka'
import { UnavailableError } from '../../errors.ts'
import type { TopicIdentity } from '../../ports/event-log.ts'
import { brokerRefusal, isRetriable, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { type Attempt, repeatUntilDone } from './retry.ts'

/** Which offset of a partition is asked for. */
export type OffsetKind =
  /** The first one that is still there (log start). */
  | 'earliest'
  /** The one after the last that a read-committed reader can reach (last stable offset). */
  | 'latest-committed'
  /** The one after the last that all replicas have (high watermark). */
  | 'latest'
  /** No offset, but the timestamp of the first record: milliseconds since the epoch, -1 when there is none. */
  | 'oldest-timestamp'

/** Asks for the earliest offset; for the one after the last; for the first record of that time or later. */
const timestamps: Readonly<Record<OffsetKind, bigint>> = {
  earliest: -2n,
  'latest-committed': -1n,
  latest: -1n,
  'oldest-timestamp': 0n,
}

const limitMs = 30_000

/**
 * Asks the partitions' leaders, in the order of `partitions`. Throws NotFoundError `topic-not-found` when this
 * incarnation of the topic is gone.
 */
export async function listOffsets(
  cluster: KafkaCluster,
  topic: TopicIdentity,
  partitions: readonly number[],
  kind: OffsetKind,
): Promise<bigint[]> {
  const known = new Map<number, bigint>()
  let fresh = false
  return repeatUntilDone(limitMs, async (): Promise<Attempt<bigint[]>> => {
    const missing = partitions.filter((partition) => !known.has(partition))
    const byLeader = await groupByLeader(cluster, topic, missing, fresh)
    fresh = true
    const asked = [...byLeader].map(([leader, some]) => askLeader(cluster, leader, topic.topic, some, kind, known))
    const failures = (await Promise.all(asked)).filter((failure) => failure !== null)
    return failures[0] === undefined
      ? { done: partitions.map((partition) => known.get(partition)!) }
      : { again: failures[0] }
  })
}

async function groupByLeader(
  cluster: KafkaCluster,
  topic: TopicIdentity,
  partitions: readonly number[],
  fresh: boolean,
): Promise<Map<number, number[]>> {
  const byLeader = new Map<number, number[]>()
  let ask = fresh
  for (const partition of partitions) {
    const leader = await cluster.leader(topic, partition, ask)
    ask = false
    const group = byLeader.get(leader)
    if (group === undefined) byLeader.set(leader, [partition])
    else group.push(partition)
  }
  return byLeader
}

/** Notes what one leader answers; returns why some partition has to be asked for again, null when all are known. */
async function askLeader(
  cluster: KafkaCluster,
  leader: number,
  topic: string,
  partitions: readonly number[],
  kind: OffsetKind,
  known: Map<number, bigint>,
): Promise<Error | null> {
  const isolation = kind === 'latest-committed' ? 1 : 0
  const wanted = partitions.map((partitionIndex) => ({
    partitionIndex,
    currentLeaderEpoch: -1,
    timestamp: timestamps[kind],
  }))
  let again: Error | null = null
  try {
    const broker = await cluster.connectionTo(leader)
    const response = await broker.call(listOffsetsV7.api, -1, isolation, [{ name: topic, partitions: wanted }])
    const told = response.topics.flatMap((answered) => answered.partitions)
    for (const { partitionIndex, errorCode, offset, timestamp } of told) {
      if (errorCode === KafkaCode.none) {
        known.set(partitionIndex, kind === 'oldest-timestamp' ? timestamp : offset)
        continue
      }
      const refusal = brokerRefusal(errorCode, 'to tell the offsets', `partition ${partitionIndex} of topic '${topic}'`)
      if (!isRetriable(errorCode)) throw refusal
      again = refusal
    }
  } catch (error) {
    // The leader may be going down; another one is elected meanwhile.
    if (!(error instanceof UnavailableError) || error.code === 'broker-permission-denied') throw error
    again = error
  }
  return again
}
