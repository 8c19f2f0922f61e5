import type { RetentionLimits } from '../../ports/retention.ts'
import type { Headroom } from './headroom.ts'
import type { Loss } from './log-tail.ts'

/** One look at everything that has to be read before retention deletes it. */
export interface HeadroomReport {
  /** When it was looked, milliseconds since the epoch. */
  atMs: number
  /** Sorted by name. */
  topics: TopicHeadroom[]
  /** Topics that could not be looked at this time. */
  failures: LookFailure[]
  /** False when the broker does not tell groups: nothing is known of them then. */
  groupsKnown: boolean
  /** What earlier looks had not seen yet of records that retention took before they were archived. */
  losses: Loss[]
}

export interface TopicHeadroom {
  topic: string
  limits: RetentionLimits
  /** Ascending. */
  partitions: PartitionHeadroom[]
  /** By group, then partition; the archive's own groups are left out. */
  groups: GroupHeadroom[]
}

/** How long until what is not archived yet is deleted. */
export interface PartitionHeadroom extends Headroom {
  topic: string
  partition: number
  /** Next offset to archive; null when nothing of the partition is, and it would begin at the log start. */
  archived: bigint | null
  logStart: bigint
  end: bigint
}

/** How long until a group can no longer read from the broker what it has not read yet. */
export interface GroupHeadroom extends Headroom {
  group: string
  topic: string
  partition: number
  /** Next offset the group will read. */
  position: bigint
  /** Next offset to archive; everything from `position` to it can be replayed. Null when nothing is archived. */
  archived: bigint | null
  logStart: bigint
  end: bigint
}

export interface LookFailure {
  topic: string
  code: string
  message: string
}
