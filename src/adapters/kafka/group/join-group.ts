import { apiVersionsV3, consumerGroupHeartbeatV1 } from '@platformatic/kafka'
import type { GroupMember, GroupOptions } from '../../../ports/group-membership.ts'
import type { KafkaCluster } from '../cluster.ts'
import { ClassicGroupProtocol, type ClassicTiming, defaultClassicTiming } from './classic-group-protocol.ts'
import { ConsumerGroupProtocol, ConsumerGroupsNotOffered } from './consumer-group-protocol.ts'
import { Membership } from './membership.ts'

/** Joins a group by the protocol that the brokers offer, KIP-848 rather than the classic one. Errors as EventLog.joinGroup. */
export async function joinGroup(
  cluster: KafkaCluster,
  options: GroupOptions,
  timing: ClassicTiming = defaultClassicTiming,
): Promise<GroupMember> {
  if (await offersConsumerGroups(cluster)) {
    try {
      return await Membership.join(cluster, options, (parts) => new ConsumerGroupProtocol(parts))
    } catch (error) {
      // A broker may have the feature and its use forbidden (`group.coordinator.rebalance.protocols`).
      if (!(error instanceof ConsumerGroupsNotOffered)) throw error
    }
  }
  return Membership.join(cluster, options, (parts) => new ClassicGroupProtocol(parts, timing))
}

/** Whether KIP-848 is finalized for the cluster, in the version in which members name themselves. */
async function offersConsumerGroups(cluster: KafkaCluster): Promise<boolean> {
  const offer = await cluster.onAnyBroker((broker) => broker.call(apiVersionsV3.api, 'coldstream', '1'))
  const level = offer.finalizedFeatures?.find(({ name }) => name === 'group.version')?.maxVersionLevel ?? 0
  const { key, version } = consumerGroupHeartbeatV1.api
  return level >= 1 && offer.apiKeys.some((api) => api.apiKey === key && api.maxVersion >= version)
}
