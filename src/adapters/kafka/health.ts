import { apiVersionsV3, describeQuorumV1 } from '@platformatic/kafka'
import { ColdstreamError } from '../../errors.ts'
import { KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { type GroupPermissions, groupPermissions } from './group-permissions.ts'
import { brokerAddressText } from './options.ts'

/** What can be told about a cluster without changing anything. */
export interface ClusterHealth {
  brokers: BrokerHealth[]
  /** Finalized feature levels: `metadata.version`, `transaction.version`, `group.version` (1: KIP-848 groups). */
  features: Readonly<Record<string, number>>
  /** Requests this adapter needs and some broker does not offer, as `Fetch v13`; not empty: the cluster is too old. */
  missingRequests: string[]
  topics: TopicPermissions[]
  groups: GroupPermissions[]
  /** This machine's clock minus the controller's, within half a round trip; null when the client may not ask for it. */
  clockAheadMs: number | null
}

interface BrokerHealth {
  nodeId: number
  address: string
  /** Why it cannot be reached; null when it can. */
  problem: ColdstreamError | null
}

export interface TopicPermissions {
  topic: string
  /** False also when this client may not even describe it: Kafka does not tell the difference. */
  exists: boolean
  /** Of `read`, `write`, `describe`, `describe-configs`: what this client may not do. */
  missing: string[]
}

/** Request, its key in the protocol, and the lowest version that serves. */
const needed: readonly (readonly [string, number, number])[] = [
  ['Produce', 0, 11],
  ['Fetch', 1, 13],
  ['ListOffsets', 2, 7],
  ['Metadata', 3, 12],
  ['OffsetCommit', 8, 8],
  ['FindCoordinator', 10, 4],
  ['CreateTopics', 19, 7],
  ['InitProducerId', 22, 4],
  ['AddPartitionsToTxn', 24, 3],
  ['EndTxn', 26, 4],
  ['DescribeConfigs', 32, 4],
]

const describeQuorum = 55

/** Bits of Kafka's AclOperation in the authorized operations of a topic (KIP-430). */
const operations: readonly (readonly [string, number])[] = [
  ['read', 3],
  ['write', 4],
  ['describe', 8],
  ['describe-configs', 10],
]

/** Reaches every broker once; throws only when none can be reached. */
export async function inspectCluster(
  cluster: KafkaCluster,
  topics: readonly string[],
  groups: readonly string[],
): Promise<ClusterHealth> {
  const found = await cluster.refresh(topics, true)
  const features: Record<string, number> = {}
  const missingRequests = new Set<string>()
  let tellsTime = true
  const nodes = [...cluster.metadata.brokers].sort(([one], [other]) => one - other)
  const brokers = nodes.map(async ([nodeId, address]): Promise<BrokerHealth> => {
    const health = { nodeId, address: brokerAddressText(address) }
    try {
      const broker = await cluster.connectionTo(nodeId)
      const offer = await broker.call(apiVersionsV3.api, 'coldstream', '1')
      for (const { name, maxVersionLevel } of offer.finalizedFeatures ?? []) features[name] = maxVersionLevel
      const newest = new Map(offer.apiKeys.map((api) => [api.apiKey, api.maxVersion]))
      if ((newest.get(describeQuorum) ?? -1) < 1) tellsTime = false
      for (const [name, key, version] of needed) {
        if ((newest.get(key) ?? -1) < version) missingRequests.add(`${name} v${version}`)
      }
      return { ...health, problem: null }
    } catch (error) {
      if (error instanceof ColdstreamError) return { ...health, problem: error }
      throw error
    }
  })
  const reached = await Promise.all(brokers)
  return {
    brokers: reached,
    features,
    missingRequests: [...missingRequests],
    topics: topics.map((topic) => permissions(topic, found.find((told) => told.topic === topic)?.authorizedOperations)),
    groups: await groupPermissions(cluster, groups),
    clockAheadMs: tellsTime ? await clockAheadMs(cluster) : null,
  }
}

function permissions(topic: string, allowed: number | null | undefined): TopicPermissions {
  if (allowed === undefined) return { topic, exists: false, missing: [] }
  const missing = operations.filter(([, bit]) => allowed !== null && (allowed & (1 << bit)) === 0)
  return { topic, exists: true, missing: missing.map(([name]) => name) }
}

/**
 * The one request that tells a Kafka's time: the leader of the metadata quorum states its own replica's last fetch as its
 * present time (KIP-836).
 */
async function clockAheadMs(cluster: KafkaCluster): Promise<number | null> {
  const asked = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }]
  const before = Date.now()
  const response = await cluster.onAnyBroker((broker) => broker.call(describeQuorumV1.api, asked))
  const after = Date.now()
  const told = response.topics[0]?.partitions[0]
  if (response.errorCode !== KafkaCode.none || told === undefined || told.errorCode !== KafkaCode.none) return null
  const leader = told.currentVoters.find((voter) => voter.replicaId === told.leaderId)
  const brokerMs = Number(leader?.lastFetchTimestamp ?? -1n)
  return brokerMs > 0 ? Math.round((before + after) / 2 - brokerMs) : null
}
