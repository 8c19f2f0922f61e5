import { createTopicsV7 } from '@platformatic/kafka'
import { InvalidInputError, UnavailableError } from '../../errors.ts'
import { brokerRefusal, isRetriable, KafkaCode, kafkaCodeName } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { type Attempt, repeatUntilDone } from './retry.ts'
import { checkTopicName } from './topic-name.ts'

const limitMs = 30_000
/** The cluster's own default. */
const defaultReplication = -1

const callersFault = new Set<number>([
  KafkaCode.invalidTopic,
  KafkaCode.invalidPartitions,
  KafkaCode.invalidReplicationFactor,
  KafkaCode.invalidConfig,
  KafkaCode.policyViolation,
])

/**
 * Creates a topic and waits until every partition has a leader. `exists` when there is one already, however it is
 * configured. Throws InvalidInputError `topic-name-invalid` or `topic-refused` with the broker's own words.
 */
export async function createTopic(
  cluster: KafkaCluster,
  topic: string,
  partitions: number,
  config: Readonly<Record<string, string>>,
): Promise<'created' | 'exists'> {
  const outcome = await request(cluster, topic, partitions, config, false)
  await leadersElected(cluster, topic)
  return outcome
}

/** Asks whether `createTopic` would be allowed and succeed, and creates nothing; errors as there. */
export async function tryTopic(
  cluster: KafkaCluster,
  topic: string,
  partitions: number,
  config: Readonly<Record<string, string>>,
): Promise<void> {
  await request(cluster, topic, partitions, config, true)
}

async function request(
  cluster: KafkaCluster,
  topic: string,
  partitions: number,
  config: Readonly<Record<string, string>>,
  onlyValidate: boolean,
): Promise<'created' | 'exists'> {
  checkTopicName(topic)
  const wanted = {
    name: topic,
    numPartitions: partitions,
    replicationFactor: defaultReplication,
    assignments: [],
    configs: Object.entries(config).map(([name, value]) => ({ name, value })),
  }
  return repeatUntilDone(limitMs, async (): Promise<Attempt<'created' | 'exists'>> => {
    const response = await cluster.onAnyBroker((broker) =>
      broker.call(createTopicsV7.api, [wanted], limitMs, onlyValidate),
    )
    const { errorCode, errorMessage } = response.topics[0]!
    if (errorCode === KafkaCode.none) return { done: 'created' }
    if (errorCode === KafkaCode.topicAlreadyExists) return { done: 'exists' }
    if (callersFault.has(errorCode)) {
      const why = errorMessage ?? kafkaCodeName(errorCode)
      throw new InvalidInputError('topic-refused', `Kafka refused to create topic '${topic}': ${why}`, {
        remedy: 'Correct the name, the number of partitions or the configuration as the message says.',
        details: { topic, kafkaError: kafkaCodeName(errorCode) },
      })
    }
    const refusal = brokerRefusal(errorCode, 'the creation', `topic '${topic}'`, errorMessage)
    if (!isRetriable(errorCode)) throw refusal
    return { again: refusal }
  })
}

async function leadersElected(cluster: KafkaCluster, topic: string): Promise<void> {
  const notYet = new UnavailableError('topic-not-ready', `Topic '${topic}' was created but has no leaders yet`, {
    remedy: "Look at the brokers' health, then try again.",
    details: { topic },
  })
  await repeatUntilDone(limitMs, async (): Promise<Attempt<void>> => {
    const [told] = await cluster.refresh([topic])
    const ready = told?.partitions.every((partition) => partition.leader >= 0)
    return ready ? { done: undefined } : { again: notYet }
  })
}
