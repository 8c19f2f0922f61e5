import { UnavailableError } from '../../../errors.ts'
import type { AcknowledgedPosition } from '../../../ports/event-log.ts'
import type { GroupListener, GroupMember } from '../../../ports/group-membership.ts'
import { Bell } from '../bell.ts'
import type { KafkaCluster } from '../cluster.ts'
import { commitGroupOffsets, type OffsetCommitter } from '../group-offsets.ts'
import { repeatUntilDone } from '../retry.ts'
import { AssignmentDelivery } from './assignment-delivery.ts'
import { attempt, GroupCoordinator } from './group-coordinator.ts'

/** How long joining may take: a dead member of a classic group is waited for until its session ends. */
const joinLimitMs = 60_000
/** How long a farewell is tried; without it the group misses the member when its session ends. */
const leaveLimitMs = 3_000
const firstPauseMs = 50
const longestPauseMs = 2_000

/** How a member and its group's coordinator talk: KIP-848 or the classic protocol. */
export interface GroupProtocol {
  /** The broker's name for the member. */
  readonly memberId: string
  readonly committer: OffsetCommitter
  /**
   * Takes part in the group with these topics, once, and tells the delivery what came of it. Resolves to how long, in ms,
   * nothing more has to be said. Throws what `attempt` knows as passing, or what ends the membership.
   */
  step(topics: readonly string[]): Promise<number>
  /** Says farewell. A group that does not know the member is content. */
  depart(): Promise<void>
}

/** What a protocol needs to speak for a member. */
export interface ProtocolParts {
  cluster: KafkaCluster
  coordinator: GroupCoordinator
  delivery: AssignmentDelivery
}

/** A member of a group: keeps its protocol going, at its pace and whenever there is something new to say. */
export class Membership implements GroupMember {
  readonly #cluster: KafkaCluster
  readonly #coordinator: GroupCoordinator
  readonly #listener: GroupListener
  readonly #delivery: AssignmentDelivery
  readonly #protocol: GroupProtocol
  #topics: readonly string[]
  readonly #bell = new Bell()
  #news = false
  readonly #ended = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #leaving: Promise<void> | null = null

  private constructor(
    cluster: KafkaCluster,
    coordinator: GroupCoordinator,
    options: { topics: readonly string[]; listener: GroupListener },
    protocol: (parts: ProtocolParts) => GroupProtocol,
  ) {
    this.#cluster = cluster
    this.#coordinator = coordinator
    this.#topics = [...options.topics]
    this.#listener = options.listener
    this.#delivery = new AssignmentDelivery(
      options.listener,
      () => this.#wake(),
      (error) => this.#fail(error),
    )
    this.#protocol = protocol({ cluster, coordinator, delivery: this.#delivery })
  }

  /** Resolves when the coordinator has taken the member in; the listener hears of its share afterwards. */
  static async join(
    cluster: KafkaCluster,
    options: { group: string; topics: readonly string[]; listener: GroupListener },
    protocol: (parts: ProtocolParts) => GroupProtocol,
  ): Promise<Membership> {
    const coordinator = new GroupCoordinator(cluster, options.group)
    const member = new Membership(cluster, coordinator, options, protocol)
    try {
      const pauseMs = await repeatUntilDone(joinLimitMs, () => attempt(() => member.#protocol.step(member.#topics)))
      // Whoever joins has its member before its listener is called.
      setImmediate(() => member.#delivery.begin())
      member.#running = member.#run(pauseMs)
      return member
    } catch (error) {
      // The coordinator may count it in already, and others would wait for it. The first failure is the one to tell.
      await member.leave().catch(() => undefined)
      throw error
    }
  }

  get memberId(): string {
    return this.#protocol.memberId
  }

  subscribe(topics: readonly string[]): void {
    this.#topics = [...topics]
    this.#wake()
  }

  acknowledge(positions: readonly AcknowledgedPosition[]): Promise<void> {
    return commitGroupOffsets(this.#cluster, this.#coordinator.group, positions, this.#protocol.committer)
  }

  leave(): Promise<void> {
    this.#leaving ??= this.#leave()
    return this.#leaving
  }

  #wake(): void {
    this.#news = true
    this.#bell.ring()
  }

  async #run(firstMs: number): Promise<void> {
    const { signal } = this.#ended
    let waitMs = firstMs
    let pauseMs = firstPauseMs
    while (!signal.aborted) {
      if (!this.#news) await this.#bell.heard(waitMs, signal)
      if (signal.aborted) return
      this.#news = false
      try {
        const outcome = await attempt(() => this.#protocol.step(this.#topics))
        waitMs = 'done' in outcome ? outcome.done : pauseMs
        pauseMs = 'done' in outcome ? firstPauseMs : Math.min(pauseMs * 2, longestPauseMs)
      } catch (error) {
        this.#fail(error)
      }
    }
  }

  /** Ends the membership for good. The listener of a member that leaves is not called any more: it is ending anyway. */
  #fail(error: unknown): void {
    if (this.#ended.signal.aborted) return
    this.#ended.abort()
    if (this.#leaving !== null) return
    this.#leaving = this.#leave()
    // The first failure is the one to tell; whoever calls `leave` hears of this one.
    this.#leaving.catch(() => undefined)
    this.#listener.failed(error instanceof Error ? error : new Error(String(error)))
  }

  async #leave(): Promise<void> {
    // The protocol goes on meanwhile, so that nobody is given what the listener still works on.
    await this.#delivery.close()
    this.#ended.abort()
    try {
      await repeatUntilDone(leaveLimitMs, () => attempt(() => this.#protocol.depart()))
    } catch (error) {
      // Out of reach, the group misses the member when its session ends; there is nothing better to do about it.
      if (!(error instanceof UnavailableError)) throw error
    } finally {
      await this.#coordinator.close()
      await this.#running
      // The last step may have opened a connection after they were closed.
      await this.#coordinator.close()
    }
  }
}
