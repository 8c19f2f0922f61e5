import { InvalidInputError } from '../../errors.ts'
import { encodeBatch } from '../../format/record-batch/index.ts'
import type { RecordBlock } from '../../ports/record-block.ts'
import { brokerRefusal, isRetriable, KafkaCode, kafkaCodeName } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { topicNotFound } from './cluster-metadata.ts'
import { produce } from './produce-request.ts'
import { type Attempt, repeatUntilDone } from './retry.ts'

const limitMs = 30_000

/** What a topic refuses however often it is asked. */
const refusals = new Set<number>([
  KafkaCode.messageTooLarge,
  KafkaCode.recordListTooLarge,
  KafkaCode.invalidTimestamp,
  KafkaCode.invalidRecord,
])

/**
 * Appends a block to a partition of a topic, chosen at random, without any transaction. An answer that was lost is asked
 * for again, so that records may be there twice. Throws NotFoundError `topic-not-found`, InvalidInputError
 * `record-refused`.
 */
export async function append(cluster: KafkaCluster, topic: string, block: RecordBlock): Promise<void> {
  const batch = encodeBatch(block, {
    codec: 'none',
    producerId: -1n,
    producerEpoch: -1,
    baseSequence: -1,
    transactional: false,
  })
  await repeatUntilDone(limitMs, async (): Promise<Attempt<void>> => {
    const [told] = await cluster.refresh([topic])
    if (told === undefined) throw topicNotFound(topic)
    const partition = Math.floor(Math.random() * told.partitions.length)
    const broker = await cluster.leaderConnection(told, partition)
    const [outcome] = await produce(broker, 11, null, [{ topic, partition, batch }])
    const code = outcome?.code ?? KafkaCode.networkException
    if (code === KafkaCode.none) return { done: undefined }
    const place = `partition ${partition} of topic '${topic}'`
    if (refusals.has(code)) {
      throw new InvalidInputError('record-refused', `${place} refuses records: ${kafkaCodeName(code)}`, {
        remedy: 'Raise max.message.bytes of the topic, or correct its message.timestamp settings.',
        details: { topic, kafkaError: kafkaCodeName(code) },
      })
    }
    const refusal = brokerRefusal(code, 'records', place, outcome?.message)
    if (!isRetriable(code)) throw refusal
    return { again: refusal }
  })
}
