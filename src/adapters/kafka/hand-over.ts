import { consumerGroupDescribeV0, describeGroupsV5 } from '@platformatic/kafka'
import { type ColdstreamError, ConflictError, InvalidInputError } from '../../errors.ts'
import type { GroupCommit } from '../../ports/event-log.ts'
import type { BrokerConnection } from './broker-connection.ts'
import { brokerRefusal, isRetriable, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { topicNotFound } from './cluster-metadata.ts'
import { offersConsumerGroups } from './group/consumer-groups-offered.ts'
import { commitGroupOffsets, groupInUse, type OffsetCommitter, outsider } from './group-offsets.ts'
import { type Attempt, isPassing, repeatUntilDone } from './retry.ts'

const limitMs = 30_000
/** Bit of Kafka's AclOperation in the authorized operations of a topic (KIP-430). */
const mayRead = 1 << 3
/** So many members are named. */
const namedMembers = 5

/**
 * Commits offsets for a group of others that has no members. All that can be known to be wrong is found before, so that
 * the one request that commits takes every position. Errors as EventLog.commitGroupOffsets.
 */
export async function handOver(cluster: KafkaCluster, group: string, positions: readonly GroupCommit[]): Promise<void> {
  if (positions.length === 0) return
  if (group === '') {
    throw new InvalidInputError('group-name-invalid', 'A group has a name', { remedy: 'Name the group of consumers.' })
  }
  await checkTopics(cluster, positions)
  const members = await membersOf(cluster, group)
  if (members.length > 0) throw groupActive(group, members)
  await commitGroupOffsets(cluster, group, positions, successor(group))
}

async function checkTopics(cluster: KafkaCluster, positions: readonly GroupCommit[]): Promise<void> {
  const found = await cluster.refresh([...new Set(positions.map(({ topic }) => topic))], true)
  const known = new Map(found.map((told) => [told.topic, told]))
  for (const { topic, partition, incarnationId } of positions) {
    const told = known.get(topic)
    if (told === undefined) throw topicNotFound(topic)
    if (incarnationId !== undefined && incarnationId !== told.incarnationId) {
      throw new ConflictError('topic-replaced', `Topic '${topic}' was deleted and created again`, {
        remedy: 'The offsets are of the topic that is gone. Let the group begin at the start of the new one.',
        details: { topic, incarnationId, presentIncarnationId: told.incarnationId },
      })
    }
    if (told.partitions[partition] === undefined) {
      throw new InvalidInputError('partition-missing', `Topic '${topic}' has no partition ${partition}`, {
        remedy: `Name partitions from 0 to ${told.partitions.length - 1}.`,
        details: { topic, partition },
      })
    }
    if (told.authorizedOperations !== null && (told.authorizedOperations & mayRead) === 0) {
      throw brokerRefusal(KafkaCode.topicAuthorizationFailed, 'offsets', `topic '${topic}'`)
    }
  }
}

/** Who is in a group, as `client at host`; nobody when there is no such group. */
async function membersOf(cluster: KafkaCluster, group: string): Promise<string[]> {
  const kinds = await offersConsumerGroups(cluster)
  return repeatUntilDone(limitMs, async (): Promise<Attempt<string[]>> => {
    try {
      const coordinator = await cluster.coordinator('group', group)
      const classic = await classicGroup(coordinator, group)
      // To the older request, a group of the newer kind is dead.
      const described = classic.dead && kinds ? await consumerGroup(coordinator, group) : classic
      const { code, members } = described
      if (code === KafkaCode.none || code === KafkaCode.groupIdNotFound) return { done: members }
      const refusal = brokerRefusal(code, 'the description', `group '${group}'`)
      if (!isRetriable(code)) throw refusal
      return { again: refusal }
    } catch (error) {
      if (!isPassing(error)) throw error
      return { again: error }
    }
  })
}

interface DescribedGroup {
  code: number
  members: string[]
}

async function classicGroup(broker: BrokerConnection, group: string): Promise<DescribedGroup & { dead: boolean }> {
  const [told] = (await broker.call(describeGroupsV5.api, [group], false)).groups
  const { errorCode: code, groupState, protocolType, members } = told!
  if (protocolType !== '' && protocolType !== 'consumer') throw groupInUse(group, `is one of '${protocolType}'`)
  return { code, dead: groupState === 'Dead', members: members.map(nameOf) }
}

async function consumerGroup(broker: BrokerConnection, group: string): Promise<DescribedGroup> {
  const [told] = (await broker.call(consumerGroupDescribeV0.api, [group], false)).groups
  return { code: told!.errorCode, members: told!.members.map(nameOf) }
}

function nameOf({ clientId, clientHost }: { clientId: string; clientHost: string }): string {
  return `${clientId} at ${clientHost.replace(/^\//, '')}`
}

/** As any outsider, in words for whoever hands over: a member may join after the group was looked at. */
function successor(group: string): OffsetCommitter {
  const committer = outsider(group)
  return {
    ...committer,
    judge(code): 'again' | ColdstreamError | undefined {
      if (code === KafkaCode.groupIdNotFound) return groupInUse(group, 'is no group of consumers')
      return committer.judge(code) === undefined ? undefined : groupActive(group, [])
    },
  }
}

function groupActive(group: string, members: readonly string[]): ConflictError {
  const named = members.slice(0, namedMembers)
  const rest = members.length > named.length ? ` and ${members.length - named.length} more` : ''
  const who = members.length === 0 ? 'members' : `${members.length} members: ${named.join(', ')}${rest}`
  return new ConflictError('group-active', `Consumer group '${group}' has ${who}`, {
    remedy: 'Stop its consumers, and try again when it is empty.',
    details: { group, members: named },
  })
}
