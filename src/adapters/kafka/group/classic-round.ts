import { joinGroupV7, syncGroupV5 } from '@platformatic/kafka'
import { KafkaCode } from '../broker-error.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type NamedPartition,
  type Subscription,
} from './consumer-protocol.ts'
import type { Divisible } from './divisible.ts'
import type { GroupCoordinator } from './group-coordinator.ts'
import { type Claimant, stickyDivision, withholdOwned } from './sticky-assignment.ts'

/** How members divide: those that do it differently are not let in. */
const protocolName = 'cooperative-sticky'
/** How long the group waits for members to join again. Ours do at their next heartbeat, whatever their listeners are at. */
const rebalanceTimeoutMs = 60_000

/** What came of a round: a share in a new generation; or one more is needed, as another member or nobody at all. */
export type RoundOutcome =
  | { kind: 'share'; memberId: string; generation: number; share: NamedPartition[] }
  | { kind: 'again'; memberId: string }
  | { kind: 'unknown-member' }

/** Who takes part in a round, and with what. */
export interface RoundEntry {
  /** Empty for whom the coordinator has not named yet. */
  memberId: string
  sessionTimeoutMs: number
  subscription: Subscription
}

/**
 * One round of the classic protocol: all members join and say what they own, the coordinator makes one the leader, the
 * leader divides, and everyone fetches its share.
 */
export async function classicRound(
  coordinator: GroupCoordinator,
  divided: Divisible,
  { memberId, sessionTimeoutMs, subscription }: RoundEntry,
): Promise<RoundOutcome> {
  const { group } = coordinator
  const { protocolType } = divided
  const protocols = [{ name: protocolName, metadata: encodeSubscription(subscription) }]
  const joined = await coordinator.ask((broker) =>
    broker.call(
      joinGroupV7.api,
      ...([group, sessionTimeoutMs, rebalanceTimeoutMs, memberId, null, protocolType, protocols] as const),
    ),
  )
  if (joined.errorCode === KafkaCode.memberIdRequired) return { kind: 'again', memberId: joined.memberId }
  if (joined.errorCode === KafkaCode.unknownMemberId) return { kind: 'unknown-member' }
  if (joined.errorCode !== KafkaCode.none) throw coordinator.refusal(joined.errorCode)
  const { generationId: generation } = joined
  let assignments: { memberId: string; assignment: Buffer }[] = []
  if (joined.leader === joined.memberId) assignments = await divide(divided, joined.members, subscription.topics)
  else divided.follow()
  const synced = await coordinator.ask((broker) =>
    broker.call(
      syncGroupV5.api,
      ...([group, generation, joined.memberId, null, protocolType, joined.protocolName, assignments] as const),
    ),
  )
  switch (synced.errorCode) {
    case KafkaCode.none:
      return { kind: 'share', memberId: joined.memberId, generation, share: decodeAssignment(synced.assignment) }
    case KafkaCode.rebalanceInProgress:
    case KafkaCode.illegalGeneration:
      return { kind: 'again', memberId: joined.memberId }
    case KafkaCode.unknownMemberId:
      return { kind: 'unknown-member' }
    default:
      throw coordinator.refusal(synced.errorCode)
  }
}

/** The leader's work. */
async function divide(
  divided: Divisible,
  members: readonly joinGroupV7.JoinGroupResponseMember[],
  own: readonly string[],
): Promise<{ memberId: string; assignment: Buffer }[]> {
  const claimants = members.map(({ memberId, metadata }): Claimant => ({ memberId, ...decodeSubscription(metadata) }))
  const topics = [...new Set(claimants.flatMap((claimant) => claimant.topics))]
  const division = stickyDivision(claimants, await divided.divide(topics, own))
  return [...withholdOwned(division, claimants)].map(([memberId, share]) => ({
    memberId,
    assignment: encodeAssignment(share),
  }))
}
