import { deleteTopicsV6 } from '@platformatic/kafka'
import { brokerRefusal, isRetriable, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { type Attempt, repeatUntilDone } from './retry.ts'
import { checkTopicName } from './topic-name.ts'

const limitMs = 30_000

/** Deletes a topic with all that is in it; content when there is none of that name. Throws `topic-name-invalid`. */
export async function deleteTopic(cluster: KafkaCluster, topic: string): Promise<void> {
  checkTopicName(topic)
  await repeatUntilDone(limitMs, async (): Promise<Attempt<void>> => {
    const response = await cluster.onAnyBroker((broker) =>
      broker.call(deleteTopicsV6.api, [{ name: topic, topicId: null }], limitMs),
    )
    const { errorCode, errorMessage } = response.responses[0]!
    if (errorCode === KafkaCode.none || errorCode === KafkaCode.unknownTopicOrPartition) return { done: undefined }
    const refusal = brokerRefusal(errorCode, 'the deletion', `topic '${topic}'`, errorMessage)
    if (!isRetriable(errorCode)) throw refusal
    return { again: refusal }
  })
}
