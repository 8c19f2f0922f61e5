import type { AcknowledgedPosition, TopicIdentity } from './topic-identity.ts'

/** A partition of a topic that is this very one, not a namesake's. */
export interface AssignedPartition extends TopicIdentity {
  partition: number
}

/** How an instance joins the others that do the same work. */
export interface GroupOptions {
  /** Name that all instances share; lag tools show it. */
  group: string
  /** Topics whose partitions are divided; `subscribe` changes them. Those that do not exist (yet) are passed over. */
  topics: readonly string[]
  listener: GroupListener
}

/** What a group tells its member. */
export interface GroupListener {
  /**
   * What the member has from now on, all of it; called when it changes, and never again before it has resolved. It
   * resolves when what it no longer names is let go of: until then, and for as long as the group waits, that is given
   * to nobody else.
   */
  assigned(partitions: readonly AssignedPartition[]): Promise<void>
  /** Membership ended for good, for a reason that trying again does not mend: a missing permission, a foreign group. */
  failed(error: Error): void
}

/**
 * Membership in a group whose broker divides partitions among its members and notices when one is gone. It only divides
 * work: a member that is thought dead and lives, or two that have the same partition, waste work and do no harm.
 */
export interface GroupMember {
  /** The broker's name for it. */
  readonly memberId: string
  /** Takes other topics than before; what follows from it is told to the listener. */
  subscribe(topics: readonly string[]): void
  /** As EventLog.acknowledge, in the name of this member. */
  acknowledge(positions: readonly AcknowledgedPosition[]): Promise<void>
  /** Leaves at once, so that others need not wait for it to be missed. The listener is not called afterwards. */
  leave(): Promise<void>
}

/** How an instance takes part in work that is divided into numbered slots. */
export interface WorkOptions {
  /** Name that all instances share. */
  group: string
  /** How many slots there are, numbered from 0; instances that say different numbers do not divide with each other. */
  slots: number
  /** After so long a silence an instance counts as dead. Brokers allow 6 s and more unless told otherwise. */
  sessionTimeoutMs: number
  listener: WorkListener
}

/** As GroupListener, with slots in place of partitions. */
export interface WorkListener {
  /** The slots that are the member's from now on, ascending, all of them; resolves when it has let go of the others. */
  assigned(slots: readonly number[]): Promise<void>
  failed(error: Error): void
}

/** As GroupMember: what the membership divides is safe only if two that have the same slot do no harm. */
export interface WorkMember {
  readonly memberId: string
  /** Leaves at once; the listener is not called afterwards. Let go of the work before: others take it over now. */
  leave(): Promise<void>
}
