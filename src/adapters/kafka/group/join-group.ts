import type { GroupMember, GroupOptions } from '../../../ports/group-membership.ts'
import type { KafkaCluster } from '../cluster.ts'
import { ConsumerGroupProtocol } from './consumer-group-protocol.ts'
import { Membership } from './membership.ts'

/** Joins a group and keeps the membership going until it is left. Errors as EventLog.joinGroup. */
export async function joinGroup(cluster: KafkaCluster, options: GroupOptions): Promise<GroupMember> {
  return Membership.join(cluster, options, (parts) => new ConsumerGroupProtocol(parts))
}
