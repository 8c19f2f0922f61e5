import { listGroupsV4, offsetFetchV8 } from '@platformatic/kafka'
import type { GroupPosition, GroupPositions } from '../../ports/retention.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { brokerRefusal, isRetriable, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'

/** Groups that one request asks for. */
const groupsAtOnce = 100

/** Protocol types of groups whose offsets are positions in topics: consumers, and clients that only commit. */
const readingTypes: ReadonlySet<string> = new Set(['consumer', ''])

/**
 * Asks every broker for the groups it coordinates, classic and KIP-848 alike, and then for all their offsets. A group
 * that moves to another broker meanwhile is left out, as one that ended is: whoever asks again finds it.
 */
export async function groupPositions(cluster: KafkaCluster, topics: readonly string[]): Promise<GroupPositions> {
  await cluster.refresh([])
  const brokers = [...cluster.metadata.brokers.keys()]
  const answers = await Promise.all(
    brokers.map(async (nodeId) => positionsAt(await cluster.connectionTo(nodeId), new Set(topics))),
  )
  return {
    positions: answers.flatMap(({ positions }) => positions),
    refused: answers.flatMap(({ refused }) => refused).sort(),
  }
}

async function positionsAt(broker: BrokerConnection, topics: ReadonlySet<string>): Promise<GroupPositions> {
  const listed = await broker.call(listGroupsV4.api, [], [])
  // a coordinator that still reads its groups tells of those it knows
  if (listed.errorCode !== KafkaCode.none && !isRetriable(listed.errorCode)) {
    throw brokerRefusal(listed.errorCode, 'the list of groups', `broker ${broker.address}`)
  }
  const names = listed.groups.filter(({ protocolType }) => readingTypes.has(protocolType)).map(({ groupId }) => groupId)
  const positions: GroupPosition[] = []
  const refused: string[] = []
  for (let start = 0; start < names.length; start += groupsAtOnce) {
    // no topics: all that the group committed on
    const asked = names
      .slice(start, start + groupsAtOnce)
      .map((groupId) => ({ groupId, memberEpoch: -1, topics: null }))
    const { groups } = await broker.call(offsetFetchV8.api, asked, false)
    for (const { groupId, errorCode, topics: committed } of groups) {
      if (errorCode === KafkaCode.groupAuthorizationFailed) refused.push(groupId)
      for (const { name, partitions } of committed) {
        if (!topics.has(name)) continue
        for (const { partitionIndex, committedOffset, errorCode: code } of partitions) {
          if (code !== KafkaCode.none || committedOffset < 0n) continue
          positions.push({ group: groupId, topic: name, partition: partitionIndex, next: committedOffset })
        }
      }
    }
  }
  return { positions, refused }
}
