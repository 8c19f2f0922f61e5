import { ConflictError, InvalidInputError } from '../../errors.ts'
import type { TargetInfo, TargetLoad, TargetOptions } from '../../ports/event-log.ts'
import type { KafkaCluster } from './cluster.ts'
import { createTopic } from './create-topic.ts'
import { listOffsets } from './offsets.ts'
import { hazardSettings, targetHazards } from './target-hazards.ts'
import { topicConfigs } from './topic-config.ts'
import { checkTopicName } from './topic-name.ts'

const longMax = '9223372036854775807'
const intMax = 2147483647
/** Kafka's default of `max.message.bytes`; a target never takes less. */
const usualMaxBytes = 1048588

/**
 * What keeps a replayed record: Kafka judges age by the record's own timestamp, so that a default topic deletes replayed
 * history within minutes, and refuses timestamps too far from now where it is told to.
 */
const safeConfig: Readonly<Record<string, string>> = {
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'message.timestamp.type': 'CreateTime',
  'message.timestamp.before.max.ms': longMax,
  'message.timestamp.after.max.ms': longMax,
}

/** The configuration of a target that is created. Throws InvalidInputError `target-options-invalid`. */
export function targetConfig(topic: string, options: TargetOptions): Record<string, string> {
  const { partitions, maxRecordBytes } = options
  if (!Number.isInteger(partitions) || partitions < 1 || !(maxRecordBytes <= intMax)) {
    throw new InvalidInputError(
      'target-options-invalid',
      `A Kafka topic cannot have ${partitions} partitions and records of ${maxRecordBytes} bytes`,
      { remedy: 'Ask for at least one partition and for records below 2 GiB.', details: { topic } },
    )
  }
  const maxBytes = Math.max(usualMaxBytes, Math.ceil(maxRecordBytes))
  return { ...safeConfig, 'max.message.bytes': String(maxBytes), ...options.config }
}

/** Throws ConflictError `target-exists`; InvalidInputError as `createTopic`, and `target-options-invalid`. */
export async function createTarget(cluster: KafkaCluster, topic: string, options: TargetOptions): Promise<void> {
  const config = targetConfig(topic, options)
  if ((await createTopic(cluster, topic, options.partitions, config)) === 'exists') {
    throw new ConflictError('target-exists', `There is already a topic '${topic}'`, {
      remedy: 'Choose another name, or replay into the existing topic if it is empty.',
      details: { topic },
    })
  }
}

/**
 * `empty` means that nothing can be read from it now: log start equals high watermark in every partition. A topic that
 * was emptied by `kafka-delete-records` counts as empty, because that is how one prepares it for another replay; one
 * that holds nothing but an aborted transaction does not, which errs on the safe side.
 */
export async function inspectTarget(
  cluster: KafkaCluster,
  topic: string,
  load: TargetLoad,
): Promise<TargetInfo | null> {
  checkTopicName(topic)
  const [told] = await cluster.refresh([topic], true)
  if (told === undefined) return null
  const config = (await topicConfigs(cluster, [topic], [...hazardSettings, 'max.message.bytes'])).get(topic)
  if (config === undefined) return null
  const all = told.partitions.map((_, partition) => partition)
  const [first, end] = await Promise.all([
    listOffsets(cluster, told, all, 'earliest'),
    listOffsets(cluster, told, all, 'latest'),
  ])
  const target = {
    topic,
    config,
    replicas: Math.min(...told.partitions.map(({ replicas }) => replicas)),
    inSyncReplicas: Math.min(...told.partitions.map(({ inSyncReplicas }) => inSyncReplicas)),
    authorizedOperations: told.authorizedOperations,
  }
  return {
    partitions: all.length,
    empty: all.every((partition) => first[partition] === end[partition]),
    hazards: targetHazards(target, load, Date.now()),
    maxRecordBytes: Number(config.get('max.message.bytes') ?? usualMaxBytes),
  }
}
