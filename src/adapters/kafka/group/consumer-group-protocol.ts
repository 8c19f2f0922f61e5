import { randomUUID } from 'node:crypto'
import { consumerGroupHeartbeatV1, offsetCommitV9 } from '@platformatic/kafka'
import { KafkaCode } from '../broker-error.ts'
import type { OffsetCommitter } from '../group-offsets.ts'
import type { AssignmentDelivery } from './assignment-delivery.ts'
import type { GroupCoordinator } from './group-coordinator.ts'
import type { GroupProtocol, ProtocolParts } from './membership.ts'
import { membershipLost } from './membership-lost.ts'
import { byTopicId, type TopicIdPartitions, TopicNames } from './topic-names.ts'

/** How long the group waits for a member to let go of what it is to give up: a flush of large segments to a slow store. */
const rebalanceTimeoutMs = 300_000
/** Pause before the next look for the name of a topic that brokers do not know yet. */
const unknownTopicPauseMs = 250

const leavingEpoch = -1

/** The coordinator does not offer this protocol; groups are still of the classic kind there. */
export class ConsumerGroupsNotOffered extends Error {}

/**
 * The consumer group protocol (KIP-848): the coordinator divides, a member says by heartbeats what it has and hears what it
 * should have. Every heartbeat is a full one, so that each answer holds the whole assignment and a lost one does no harm.
 */
export class ConsumerGroupProtocol implements GroupProtocol {
  /** Made by the member, and kept when it is fenced (KIP-848, version 1 of the heartbeat). */
  readonly memberId: string = randomUUID()
  readonly committer: OffsetCommitter
  readonly #coordinator: GroupCoordinator
  readonly #delivery: AssignmentDelivery
  readonly #names: TopicNames
  /** As of the last answer; 0 joins. */
  #epoch = 0

  constructor({ cluster, coordinator, delivery }: ProtocolParts) {
    this.#coordinator = coordinator
    this.#delivery = delivery
    this.#names = new TopicNames(cluster)
    this.committer = {
      api: offsetCommitV9.api,
      identity: () => {
        if (this.#epoch === 0) throw membershipLost(coordinator.group)
        return { memberId: this.memberId, generation: this.#epoch }
      },
      judge(code) {
        // the epoch has moved, and the answer that says so is on its way
        if (code === KafkaCode.staleMemberEpoch) return 'again'
        const gone = code === KafkaCode.unknownMemberId || code === KafkaCode.groupIdNotFound
        return gone ? membershipLost(coordinator.group) : undefined
      },
    }
  }

  async step(topics: readonly string[]): Promise<number> {
    // Whoever joins has nothing yet; the coordinator refuses other claims.
    const owned = this.#epoch === 0 ? [] : byTopicId(this.#delivery.held)
    const response = await this.#heartbeat(this.#epoch, topics, owned)
    const { errorCode, errorMessage, memberEpoch, heartbeatIntervalMs, assignment } = response
    switch (errorCode) {
      case KafkaCode.none:
        this.#epoch = memberEpoch
        return this.#take(assignment?.topicPartitions, topics, heartbeatIntervalMs)
      case KafkaCode.unknownMemberId:
      case KafkaCode.fencedMemberEpoch:
        return this.#lose()
      case KafkaCode.groupIdNotFound:
        // Of a member it means that the group was deleted while it was away; of one that joins, that it is of another kind.
        if (this.#epoch > 0) return this.#lose()
        throw this.#coordinator.refusal(errorCode, errorMessage)
      case KafkaCode.unsupportedVersion:
        throw new ConsumerGroupsNotOffered(errorMessage ?? 'The broker offers no KIP-848 groups')
      default:
        throw this.#coordinator.refusal(errorCode, errorMessage)
    }
  }

  async depart(): Promise<void> {
    const { errorCode, errorMessage } = await this.#coordinator.askLast((coordinator) =>
      coordinator.call(consumerGroupHeartbeatV1.api, ...this.#request(leavingEpoch, null, null)),
    )
    const gone = errorCode === KafkaCode.unknownMemberId || errorCode === KafkaCode.groupIdNotFound
    if (errorCode !== KafkaCode.none && !gone) throw this.#coordinator.refusal(errorCode, errorMessage)
  }

  /** The group counts the member out: its partitions are others', and it joins again when it has let go of them. */
  async #lose(): Promise<number> {
    this.#epoch = 0
    await this.#delivery.lost()
    return 0
  }

  async #take(
    assigned: TopicIdPartitions[] | undefined,
    topics: readonly string[],
    intervalMs: number,
  ): Promise<number> {
    if (assigned === undefined) return intervalMs
    const { partitions, complete } = await this.#names.resolve(assigned, topics)
    this.#delivery.deliver(partitions)
    return complete ? intervalMs : Math.min(intervalMs, unknownTopicPauseMs)
  }

  #heartbeat(
    epoch: number,
    topics: readonly string[],
    owned: TopicIdPartitions[],
  ): Promise<consumerGroupHeartbeatV1.ConsumerGroupHeartbeatResponse> {
    return this.#coordinator.ask((coordinator) =>
      coordinator.call(consumerGroupHeartbeatV1.api, ...this.#request(epoch, [...topics], owned)),
    )
  }

  /** No static membership, no rack, the coordinator's own assignor, topics by name. */
  #request(
    epoch: number,
    topics: string[] | null,
    owned: TopicIdPartitions[] | null,
  ): consumerGroupHeartbeatV1.ConsumerGroupHeartbeatRequest {
    const { group } = this.#coordinator
    return [group, this.memberId, epoch, null, null, rebalanceTimeoutMs, topics, null, null, owned]
  }
}
