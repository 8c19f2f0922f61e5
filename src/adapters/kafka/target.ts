import { ConflictError, InvalidInputError } from '../../errors.ts'
import type { TargetHazard, TargetInfo, TargetOptions } from '../../ports/event-log.ts'
import type { KafkaCluster } from './cluster.ts'
import { createTopic } from './create-topic.ts'
import { listOffsets } from './offsets.ts'
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

/** Throws ConflictError `target-exists`; InvalidInputError as `createTopic`, and `target-options-invalid`. */
export async function createTarget(cluster: KafkaCluster, topic: string, options: TargetOptions): Promise<void> {
  const { partitions, maxRecordBytes } = options
  if (!Number.isInteger(partitions) || partitions < 1 || !(maxRecordBytes <= intMax)) {
    throw new InvalidInputError(
      'target-options-invalid',
      `A Kafka topic cannot have ${partitions} partitions and records of ${maxRecordBytes} bytes`,
      { remedy: 'Ask for at least one partition and for records below 2 GiB.', details: { topic } },
    )
  }
  const maxBytes = Math.max(usualMaxBytes, Math.ceil(maxRecordBytes))
  const config = { ...safeConfig, 'max.message.bytes': String(maxBytes), ...options.config }
  if ((await createTopic(cluster, topic, partitions, config)) === 'exists') {
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
export async function inspectTarget(cluster: KafkaCluster, topic: string): Promise<TargetInfo | null> {
  checkTopicName(topic)
  const [told] = await cluster.refresh([topic])
  if (told === undefined) return null
  const names = [...Object.keys(safeConfig), 'message.timestamp.difference.max.ms', 'max.message.bytes']
  const config = (await topicConfigs(cluster, [topic], names)).get(topic)
  if (config === undefined) return null
  const all = told.partitions.map((_, partition) => partition)
  const [first, end] = await Promise.all([
    listOffsets(cluster, told, all, 'earliest'),
    listOffsets(cluster, told, all, 'latest'),
  ])
  return {
    partitions: all.length,
    empty: all.every((partition) => first[partition] === end[partition]),
    hazards: targetHazards(topic, config),
    maxRecordBytes: Number(config.get('max.message.bytes') ?? usualMaxBytes),
  }
}

/** Pure: what the settings would do to replayed records. */
function targetHazards(topic: string, config: ReadonlyMap<string, string>): TargetHazard[] {
  const hazards: TargetHazard[] = []
  const cleanup = (config.get('cleanup.policy') ?? 'delete').split(',').map((policy) => policy.trim())
  const set = (setting: string): string =>
    `Set it: kafka-configs --alter --entity-type topics --entity-name ${topic} --add-config ${setting}; or replay into a new topic.`
  if (cleanup.includes('compact')) {
    hazards.push({
      code: 'target-compacted',
      message: `Topic '${topic}' is compacted: all but the last record of each key would be removed`,
      remedy: set('cleanup.policy=delete'),
    })
  }
  const retentionMs = config.get('retention.ms')
  if (cleanup.includes('delete') && retentionMs !== '-1') {
    hazards.push({
      code: 'target-retention-time',
      message: `Topic '${topic}' deletes records older than ${retentionMs} ms by their own timestamp: replayed history would be gone at once`,
      remedy: set('retention.ms=-1'),
    })
  }
  const retentionBytes = config.get('retention.bytes')
  if (cleanup.includes('delete') && retentionBytes !== '-1') {
    hazards.push({
      code: 'target-retention-size',
      message: `Topic '${topic}' keeps only ${retentionBytes} bytes per partition`,
      remedy: set('retention.bytes=-1'),
    })
  }
  if (config.get('message.timestamp.type') === 'LogAppendTime') {
    hazards.push({
      code: 'target-append-time',
      message: `Topic '${topic}' stamps records with the broker's time: the original timestamps would be lost`,
      remedy: set('message.timestamp.type=CreateTime'),
    })
  }
  // Brokers before 3.6 have one setting for both directions.
  const setting = config.has('message.timestamp.before.max.ms')
    ? 'message.timestamp.before.max.ms'
    : 'message.timestamp.difference.max.ms'
  const oldest = config.get(setting)
  if (oldest !== undefined && oldest !== longMax) {
    hazards.push({
      code: 'target-timestamps-refused',
      message: `Topic '${topic}' refuses records whose timestamp is more than ${oldest} ms ago`,
      remedy: set(`${setting}=${longMax}`),
    })
  }
  return hazards
}
