import type { GroupMember, GroupOptions } from '../../../ports/group-membership.ts'
import type { KafkaCluster } from '../cluster.ts'
import type { ClassicTiming } from '../options.ts'
import { ClassicGroupProtocol, defaultClassicTiming } from './classic-group-protocol.ts'
import { ConsumerGroupProtocol, ConsumerGroupsNotOffered } from './consumer-group-protocol.ts'
import { offersConsumerGroups } from './consumer-groups-offered.ts'
import { Membership } from './membership.ts'
import { TopicWatch } from './topic-watch.ts'

/**
 * Joins a group by the protocol that the brokers offer, KIP-848 rather than the classic one, whose timing a member sets
 * itself. Errors as EventLog.joinGroup.
 */
export async function joinGroup(
  cluster: KafkaCluster,
  options: GroupOptions,
  timing: Partial<ClassicTiming> = {},
): Promise<GroupMember> {
  if (await offersConsumerGroups(cluster)) {
    try {
      return await Membership.join(cluster, options, (parts) => new ConsumerGroupProtocol(parts))
    } catch (error) {
      // A broker may have the feature and its use forbidden (`group.coordinator.rebalance.protocols`).
      if (!(error instanceof ConsumerGroupsNotOffered)) throw error
    }
  }
  const divided = new TopicWatch(cluster)
  const classicTiming = { ...defaultClassicTiming, ...timing }
  return Membership.join(cluster, options, (parts) => new ClassicGroupProtocol(parts, divided, classicTiming))
}
