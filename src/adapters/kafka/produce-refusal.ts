import { type ColdstreamError, ConflictError, InvalidInputError } from '../../errors.ts'
import { KafkaCode, kafkaCodeName } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import type { ProduceOutcome } from './produce-request.ts'
import { topicConfigs } from './topic-config.ts'

/** Why a topic will never take a batch of that size as it is, with what can be done; null for any other refusal. */
export async function lastingRefusal(
  cluster: KafkaCluster,
  { topic, partition, code, message }: ProduceOutcome,
  batchBytes: number,
): Promise<ColdstreamError | null> {
  const details = { topic, partition, batchBytes, kafkaError: kafkaCodeName(code) }
  const said = message ? `: ${message}` : ''
  switch (code) {
    case KafkaCode.messageTooLarge:
    case KafkaCode.recordListTooLarge: {
      const config = await topicConfigs(cluster, [topic], ['max.message.bytes'])
      const limit = config.get(topic)?.get('max.message.bytes') ?? 'an unknown number of'
      return new InvalidInputError(
        'record-too-large',
        `A batch of ${batchBytes} bytes is more than topic '${topic}' takes: its max.message.bytes is ${limit}`,
        {
          remedy: `Raise it: kafka-configs --alter --entity-type topics --entity-name ${topic} --add-config max.message.bytes=${batchBytes + 1024}; or replay into a new topic.`,
          details,
        },
      )
    }
    case KafkaCode.invalidTimestamp:
      return new InvalidInputError('timestamp-refused', `Topic '${topic}' refuses a record's timestamp${said}`, {
        remedy: `Widen message.timestamp.before.max.ms and message.timestamp.after.max.ms of '${topic}', or replay into a new topic.`,
        details,
      })
    case KafkaCode.invalidRecord:
      return new InvalidInputError('record-refused', `Topic '${topic}' refuses a record${said}`, {
        remedy: `See what the topic asks of records (a compacted one takes none without a key), change its configuration, or replay into a new topic.`,
        details,
      })
    default:
      return null
  }
}

/** A topic that was there when the writer was opened is not any more. */
export function targetDeleted(topic: string): ConflictError {
  return new ConflictError('target-deleted', `Topic '${topic}' was deleted while it was written to`, {
    remedy: 'What was committed into it is gone. Start the replay anew, into a topic that nobody deletes.',
    details: { topic },
  })
}
