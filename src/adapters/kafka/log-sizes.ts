import { describeLogDirsV2 } from '@platformatic/kafka'
import { UnavailableError } from '../../errors.ts'
import type { TopicIdentity } from '../../ports/event-log.ts'
import type { PartitionBytes } from '../../ports/retention.ts'
import { brokerRefusal, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'

interface Asked {
  name: string
  partitions: number[]
}

/**
 * Asks every broker for the partitions that it leads; partitions without a leader, and those whose disk is offline, are
 * left out. Throws UnavailableError `broker-permission-denied` without DESCRIBE on the cluster.
 */
export async function logSizes(cluster: KafkaCluster, topics: readonly TopicIdentity[]): Promise<PartitionBytes[]> {
  if (topics.length === 0) return []
  const found = await cluster.refresh(topics.map(({ topic }) => topic))
  const byLeader = new Map<number, Asked[]>()
  for (const { topic, incarnationId, partitions } of found) {
    if (!topics.some((wanted) => wanted.incarnationId === incarnationId)) continue
    for (const [leader, led] of Map.groupBy(partitions.keys(), (partition) => partitions[partition]!.leader)) {
      if (leader < 0) continue
      const asked = byLeader.get(leader) ?? []
      byLeader.set(leader, [...asked, { name: topic, partitions: led }])
    }
  }
  const answers = await Promise.all([...byLeader].map(([leader, asked]) => askBroker(cluster, leader, asked)))
  return answers.flat()
}

async function askBroker(cluster: KafkaCluster, nodeId: number, asked: Asked[]): Promise<PartitionBytes[]> {
  const broker = await cluster.connectionTo(nodeId)
  const { results } = await broker.call(describeLogDirsV2.api, asked)
  // before version 3 of the request a broker refuses by naming no folder at all, and it always has one
  if (results.length === 0) throw refused()
  const sizes: PartitionBytes[] = []
  for (const { errorCode, topics } of results) {
    if (errorCode === KafkaCode.clusterAuthorizationFailed) throw refused()
    for (const { name, partitions } of topics) {
      for (const { partitionIndex, partitionSize, isFutureKey } of partitions) {
        // a copy that is being moved to another disk is not the partition yet
        if (!isFutureKey) sizes.push({ topic: name, partition: partitionIndex, bytes: Number(partitionSize) })
      }
    }
  }
  return sizes
}

function refused(): UnavailableError {
  const { clusterAuthorizationFailed } = KafkaCode
  const { message, details } = brokerRefusal(
    clusterAuthorizationFailed,
    'to tell the sizes of partitions',
    'the cluster',
  )
  return new UnavailableError('broker-permission-denied', message, {
    remedy: "Allow this client's principal DESCRIBE on the cluster: kafka-acls --add --operation Describe --cluster.",
    details,
  })
}
