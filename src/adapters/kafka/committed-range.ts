import { committedRuns } from '../../format/record-batch/index.ts'
import type { TopicIdentity } from '../../ports/event-log.ts'
import type { SourceRun } from '../../ports/record-block.ts'
import { brokerRefusal, isRetriable, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { buildFetch, type FetchedPartition, fetchApi, parseFetch } from './fetch.ts'
import { type Attempt, isPassing, repeatUntilDone } from './retry.ts'

/** Connections that all such reads share: whoever asks every second opens none. Nothing on them waits for records. */
const lane = 'short-reads'
const limitMs = 30_000
const maxBytes = 1024 * 1024

/**
 * Reads a few offsets of a partition, read-committed, and gives out what lies in `[from, until)`, ascending; a block may
 * begin below `from` or reach beyond `until`. All of it must be decided and on the broker. Throws NotFoundError
 * `topic-not-found` when this incarnation is gone, UnavailableError when the broker has not got that far in half a minute.
 */
export async function readCommittedRange(
  cluster: KafkaCluster,
  topic: TopicIdentity,
  partition: number,
  [from, until]: readonly [bigint, bigint],
  take: (run: SourceRun) => void,
): Promise<void> {
  let next = from
  let fresh = false
  const step = async (): Promise<Attempt<void>> => {
    const refused = (code: number): Attempt<void> => {
      const refusal = brokerRefusal(code, 'the reading', `partition ${partition} of topic '${topic.topic}'`)
      if (!isRetriable(code)) throw refusal
      fresh = true
      return { again: refusal }
    }
    let fetched: FetchedPartition
    try {
      fetched = await fetchOnce(cluster, topic, partition, next, fresh)
    } catch (error) {
      if (!isPassing(error)) throw error
      fresh = true
      return { again: error }
    }
    if (fetched.errorCode !== KafkaCode.none) return refused(fetched.errorCode)
    const { bytes, aborted } = fetched
    const { runs, next: reached } = committedRuns(
      { topic: topic.topic, partition, from: next, bytes, aborted },
      'refuse',
    )
    // Another leader may not have come as far yet.
    if (reached <= next) return refused(KafkaCode.requestTimedOut)
    for (const run of runs) take(run)
    next = reached
    return { done: undefined }
  }
  while (next < until) await repeatUntilDone(limitMs, step)
}

/** An error of the whole answer is given as the partition's. */
async function fetchOnce(
  cluster: KafkaCluster,
  topic: TopicIdentity,
  partition: number,
  offset: bigint,
  fresh: boolean,
): Promise<FetchedPartition> {
  const leader = await cluster.leaderConnection(topic, partition, lane, fresh)
  const position = { topicId: topic.incarnationId, partition, offset, leaderEpoch: -1, lastEpoch: -1 }
  const response = await leader.send(
    fetchApi.key,
    fetchApi.version,
    () => buildFetch({ maxWaitMs: 0, maxBytes, positions: [position] }),
    (raw) => parseFetch(raw, (bytes) => Buffer.allocUnsafe(bytes)),
  )
  const [fetched] = response.partitions
  if (response.errorCode === KafkaCode.none && fetched !== undefined) return fetched
  throw brokerRefusal(response.errorCode, 'a fetch', leader.address)
}
