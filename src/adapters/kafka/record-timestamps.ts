import { readBatchHeader, splitBatches } from '../../format/record-batch/index.ts'
import type { TopicIdentity } from '../../ports/event-log.ts'
import type { LogPlace } from '../../ports/retention.ts'
import { brokerRefusal, isRetriable, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { buildFetch, type FetchedPartition, fetchApi, parseFetch } from './fetch.ts'
import { type Attempt, repeatUntilDone } from './retry.ts'

const limitMs = 30_000
/** Lane of its own: an answer is a whole batch, which others should not wait behind. */
const lane = 'timestamps'
const atOnce = 8

/**
 * The largest timestamp of the batch that holds each place: retention judges a segment by its largest, so the batch as a
 * whole is deleted no earlier than that one says. Reads one batch per place, as brokers give no less, and only its head.
 */
export async function recordTimestamps(
  cluster: KafkaCluster,
  topic: TopicIdentity,
  places: readonly LogPlace[],
): Promise<(number | null)[]> {
  const found: (number | null)[] = []
  for (let start = 0; start < places.length; start += atOnce) {
    const some = places.slice(start, start + atOnce)
    found.push(...(await Promise.all(some.map((place) => timestampAt(cluster, topic, place)))))
  }
  return found
}

function timestampAt(cluster: KafkaCluster, topic: TopicIdentity, place: LogPlace): Promise<number | null> {
  let fresh = false
  return repeatUntilDone(limitMs, async (): Promise<Attempt<number | null>> => {
    const broker = await cluster.leaderConnection(topic, place.partition, lane, fresh)
    fresh = true
    const position = { topicId: topic.incarnationId, ...place, leaderEpoch: -1, lastEpoch: -1 }
    const request = { maxWaitMs: 0, maxBytes: 1, positions: [position], isolation: 'uncommitted' as const }
    const response = await broker.send(
      fetchApi.key,
      fetchApi.version,
      () => buildFetch(request),
      (raw) => parseFetch(raw, Buffer.allocUnsafe),
    )
    const answer = response.partitions[0]
    const code = response.errorCode || (answer?.errorCode ?? KafkaCode.none)
    // deleted, or not written yet: there is no record to tell the time of
    if (code === KafkaCode.offsetOutOfRange || answer === undefined) return { done: null }
    if (code === KafkaCode.none) return { done: timestampOf(answer, topic.topic, place) }
    const refusal = brokerRefusal(code, 'a record', `partition ${place.partition} of topic '${topic.topic}'`)
    if (!isRetriable(code)) throw refusal
    return { again: refusal }
  })
}

function timestampOf({ bytes, partition }: FetchedPartition, topic: string, { offset }: LogPlace): number | null {
  for (const batch of splitBatches(bytes, { topic, partition })) {
    const { lastOffset, maxTimestampMs } = readBatchHeader(batch, { topic, partition })
    if (lastOffset >= offset) return maxTimestampMs < 0n ? null : Number(maxTimestampMs)
  }
  return null
}
