import type { TopicIdentity } from './event-log.ts'

/**
 * What a broker can tell of how long records stay and who still has to read them. Changes nothing. Every call throws
 * UnavailableError: `broker-permission-denied` where the client may not ask, else what keeps it from the broker.
 */
export interface RetentionSource {
  /** What deletes a topic's records. Throws NotFoundError `topic-not-found`. */
  limits(topic: string): Promise<RetentionLimits>

  /** Where logs begin and end now, in the order of `partitions`. Throws NotFoundError `topic-not-found`. */
  extents(topic: TopicIdentity, partitions: readonly number[]): Promise<LogExtent[]>

  /**
   * For each place the time that retention judges the record there by, or the next one that is left: milliseconds since
   * the epoch; null when there is none or it has no time. Throws NotFoundError `topic-not-found`.
   */
  timestampsAt(topic: TopicIdentity, places: readonly LogPlace[]): Promise<(number | null)[]>

  /**
   * Bytes of every partition of the topics, as retention counts them: one replica's, the leader's. Partitions of which the
   * broker tells less than all are left out.
   */
  sizes(topics: readonly TopicIdentity[]): Promise<PartitionBytes[]>

  /** Where all groups stand that committed offsets on these topics, whichever protocol they use. */
  groupPositions(topics: readonly string[]): Promise<GroupPositions>
}

/** What makes a broker delete records from the front of a partition; null: it has no such limit. */
export interface RetentionLimits {
  /** Age that a record may reach, milliseconds. */
  ms: number | null
  /** Bytes that a partition may hold. */
  bytes: number | null
}

export interface LogExtent {
  partition: number
  /** First offset that is still there. */
  logStart: bigint
  /** Offset after the last one that is safely stored, whether or not its transaction is decided. */
  end: bigint
  /** Milliseconds since the epoch of the first record; null when there is none. */
  oldestTimestampMs: number | null
}

export interface LogPlace {
  partition: number
  offset: bigint
}

export interface PartitionBytes {
  topic: string
  partition: number
  bytes: number
}

export interface GroupPositions {
  positions: GroupPosition[]
  /** Groups that this client may see but whose offsets it may not. */
  refused: string[]
}

export interface GroupPosition {
  group: string
  topic: string
  partition: number
  /** Next offset the group will read. */
  next: bigint
}
