import { InvalidInputError } from '../../../errors.ts'
import type { WorkMember, WorkOptions } from '../../../ports/group-membership.ts'
import type { KafkaCluster } from '../cluster.ts'
import { ClassicGroupProtocol } from './classic-group-protocol.ts'
import { Membership } from './membership.ts'
import { Slots, slotListener, slotsTopic } from './slots.ts'

/** Others learn of a change by their next heartbeat, so that these are more frequent than the session needs. */
const longestHeartbeatMs = 1_000
const heartbeatsPerSession = 4

/**
 * Joins by the classic protocol, whatever the brokers offer: there the member says how soon it is missed, while with
 * KIP-848 the broker does (45 s unless told otherwise). Errors as EventLog.joinWork.
 */
export async function joinWork(cluster: KafkaCluster, options: WorkOptions): Promise<WorkMember> {
  const { group, slots, sessionTimeoutMs, listener } = options
  if (!(Number.isInteger(slots) && slots >= 1 && Number.isInteger(sessionTimeoutMs) && sessionTimeoutMs >= 1)) {
    const asked = `${slots} slots with sessions of ${sessionTimeoutMs} ms`
    throw new InvalidInputError('work-options-invalid', `Work cannot be divided into ${asked}`, {
      remedy: 'Ask for at least one slot, and for a session of some seconds.',
      details: { group },
    })
  }
  const heartbeatMs = Math.min(longestHeartbeatMs, Math.ceil(sessionTimeoutMs / heartbeatsPerSession))
  const timing = { sessionTimeoutMs, heartbeatMs, metadataMs: Number.POSITIVE_INFINITY }
  const membership = { group, topics: [slotsTopic(slots)], listener: slotListener(listener) }
  return Membership.join(cluster, membership, (parts) => new ClassicGroupProtocol(parts, new Slots(), timing))
}
