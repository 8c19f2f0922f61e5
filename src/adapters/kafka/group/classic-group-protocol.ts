import { heartbeatV4, leaveGroupV4, offsetCommitV8 } from '@platformatic/kafka'
import { KafkaCode } from '../broker-error.ts'
import type { OffsetCommitter } from '../group-offsets.ts'
import type { ClassicTiming } from '../options.ts'
import type { AssignmentDelivery } from './assignment-delivery.ts'
import { classicRound } from './classic-round.ts'
import type { NamedPartition } from './consumer-protocol.ts'
import type { Divisible } from './divisible.ts'
import type { GroupCoordinator } from './group-coordinator.ts'
import type { GroupProtocol, ProtocolParts } from './membership.ts'
import { membershipLost } from './membership-lost.ts'

/** A session shorter than a request's own time limit: while a dead member is waited for, joining goes unanswered. */
export const defaultClassicTiming: ClassicTiming = { sessionTimeoutMs: 20_000, heartbeatMs: 3_000, metadataMs: 10_000 }

/** Pause before the next look for a topic that brokers do not know yet. */
const unknownTopicPauseMs = 250

/**
 * The classic protocol, for brokers without KIP-848, with cooperative rounds (KIP-429): a member joins with what it owns and
 * keeps what it is given again; what is to change hands is given up first, and goes to the other in another round.
 */
export class ClassicGroupProtocol implements GroupProtocol {
  readonly committer: OffsetCommitter
  readonly #coordinator: GroupCoordinator
  readonly #delivery: AssignmentDelivery
  readonly #timing: ClassicTiming
  readonly #divided: Divisible
  /** Empty until the coordinator has named it, and when it knows it no more. */
  #memberId = ''
  #generation = -1
  #mustJoin = true
  /** What it joined with last. */
  #joinedTopics: readonly string[] = []
  #joinedOwning: readonly NamedPartition[] = []
  #share: readonly NamedPartition[] = []
  #lookAtMs = 0

  constructor({ coordinator, delivery }: ProtocolParts, divided: Divisible, timing: ClassicTiming) {
    this.#coordinator = coordinator
    this.#delivery = delivery
    this.#timing = timing
    this.#divided = divided
    this.committer = {
      api: offsetCommitV8.api,
      identity: () => {
        if (this.#generation < 0) throw membershipLost(coordinator.group)
        return { memberId: this.#memberId, generation: this.#generation }
      },
      judge(code) {
        // a round is under way; the next generation may commit again
        if (code === KafkaCode.illegalGeneration || code === KafkaCode.rebalanceInProgress) return 'again'
        return code === KafkaCode.unknownMemberId ? membershipLost(coordinator.group) : undefined
      },
    }
  }

  get memberId(): string {
    return this.#memberId
  }

  async step(topics: readonly string[]): Promise<number> {
    if (this.#mustJoin || topics !== this.#joinedTopics || this.#gaveUpSomething()) return this.#join(topics)
    const { errorCode } = await this.#coordinator.ask((broker) =>
      broker.call(heartbeatV4.api, this.#coordinator.group, this.#generation, this.#memberId, null),
    )
    switch (errorCode) {
      case KafkaCode.none:
        return performance.now() < this.#lookAtMs ? this.#timing.heartbeatMs : this.#look(topics)
      case KafkaCode.rebalanceInProgress:
      case KafkaCode.illegalGeneration:
        return this.#join(topics)
      case KafkaCode.unknownMemberId:
        await this.#lose()
        return 0
      default:
        throw this.#coordinator.refusal(errorCode)
    }
  }

  async depart(): Promise<void> {
    if (this.#memberId === '') return
    const response = await this.#coordinator.askLast((broker) =>
      broker.call(leaveGroupV4.api, this.#coordinator.group, [{ memberId: this.#memberId }]),
    )
    const code = response.members[0]?.errorCode || response.errorCode
    if (code !== KafkaCode.none && code !== KafkaCode.unknownMemberId) throw this.#coordinator.refusal(code)
  }

  /** Round after round until there is a share. */
  async #join(topics: readonly string[]): Promise<number> {
    this.#mustJoin = true
    for (;;) {
      const owned = this.#delivery.held.map(({ topic, partition }) => ({ topic, partition }))
      const subscription = { topics, owned, generation: this.#generation }
      const { sessionTimeoutMs } = this.#timing
      const entry = { memberId: this.#memberId, sessionTimeoutMs, subscription }
      const outcome = await classicRound(this.#coordinator, this.#divided, entry)
      if (outcome.kind === 'unknown-member') {
        await this.#lose()
        continue
      }
      this.#memberId = outcome.memberId
      if (outcome.kind === 'again') continue
      this.#generation = outcome.generation
      this.#share = outcome.share
      this.#joinedTopics = topics
      this.#joinedOwning = owned
      this.#mustJoin = false
      return this.#look(topics)
    }
  }

  /** What it joined with and has let go of since may go to others in another round. */
  #gaveUpSomething(): boolean {
    const held = new Set(this.#delivery.held.map(keyOf))
    return this.#joinedOwning.some((partition) => !held.has(keyOf(partition)))
  }

  /** Takes in what the metadata says now, and tells the listener which partitions its share is. */
  async #look(topics: readonly string[]): Promise<number> {
    await this.#divided.look(topics)
    const { partitions, complete } = this.#divided.identify(this.#share)
    this.#delivery.deliver(partitions)
    if (this.#divided.outdated) {
      this.#mustJoin = true
      return 0
    }
    const { heartbeatMs, metadataMs } = this.#timing
    this.#lookAtMs = complete ? performance.now() + metadataMs : 0
    return complete ? heartbeatMs : Math.min(heartbeatMs, unknownTopicPauseMs)
  }

  /** The group counts it out: its partitions are others'. */
  async #lose(): Promise<void> {
    this.#memberId = ''
    this.#generation = -1
    this.#mustJoin = true
    this.#share = []
    await this.#delivery.lost()
  }
}

function keyOf({ topic, partition }: NamedPartition): string {
  return `${topic}/${partition}`
}
