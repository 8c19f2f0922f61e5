import { independentClient } from '../../test/adapters/kafka/judge.ts'

const far = '9223372036854775807'

/** What a target needs for records of long ago, and for batches as large as each program makes them. */
const config: Readonly<Record<string, string>> = {
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'message.timestamp.before.max.ms': far,
  'message.timestamp.after.max.ms': far,
  'max.message.bytes': String(64 * 1024 * 1024),
}

/** Creates an empty target, the same for all programs. */
export async function createTarget(brokers: readonly string[], topic: string, partitions: number): Promise<void> {
  const admin = independentClient(brokers).admin()
  await admin.connect()
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }))
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions, configEntries }] })
  await admin.disconnect()
}

/** Removes a target that was looked at: long ones would fill the disk. */
export async function removeTarget(brokers: readonly string[], topic: string): Promise<void> {
  const admin = independentClient(brokers).admin()
  await admin.connect()
  await admin.deleteTopics({ topics: [topic] })
  await admin.disconnect()
}
