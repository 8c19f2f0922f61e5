import type { AssignedPartition } from '../../../ports/group-membership.ts'
import type { NamedPartition } from './consumer-protocol.ts'

/** What the members of a classic group divide, as one of them knows it. */
export interface Divisible {
  /** What the group is, to the coordinator: it lets in only members that say the same. */
  readonly protocolType: string
  /** Whether the division that this member made is of numbers that are past. */
  readonly outdated: boolean
  /** Looks what there is of these topics now, and of those that were divided. */
  look(topics: readonly string[]): Promise<void>
  /** How many partitions of each topic there are to divide; remembers that for `outdated`. `own`: the member's own topics. */
  divide(topics: readonly string[], own: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** Another member divides. */
  follow(): void
  /** The partitions by their identity; `complete` is false when one is not known (any more, or yet). */
  identify(partitions: readonly NamedPartition[]): { partitions: AssignedPartition[]; complete: boolean }
}
