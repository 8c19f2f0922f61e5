import type { TopicInfo } from '../../ports/event-log.ts'
import type { CommittedRange } from '../partition/commit-queue.ts'

/** Names a partition. */
export interface PartitionPlace {
  topic: string
  partition: number
}

/** A partition to be captured. */
export interface PartitionOrder {
  topic: TopicInfo
  /** The topic's number in the archive. */
  incarnation: number
  partition: number
  /** True: done when everything that is there now is archived. */
  untilEnd: boolean
}

/** Where a partition's capture stands. */
export interface PartitionStatus extends PartitionPlace {
  /** First offset that was not archived when it was taken over. */
  from: bigint
  /** Next offset to take from the broker. */
  position: bigint
  /** Next offset to archive: everything below is committed. */
  archived: bigint
  /** Where the broker's log ended at the last look. */
  end: bigint
}

/**
 * Captures the partitions that it is given, from any number of topics, until they are taken away again. One shard is the
 * work of one capture on one thread; whoever owns it divides partitions over several. Calls about one partition must not overlap.
 */
export interface Shard {
  /** Takes partitions over and begins to read; resolves when each is read, or was reported as failed. */
  take(orders: readonly PartitionOrder[]): Promise<void>
  /** Commits what was taken of these and lets go of them; what cannot be committed is another's to read again. */
  release(places: readonly PartitionPlace[]): Promise<void>
  /** Partitions that it has, also those that are done. */
  status(): readonly PartitionStatus[]
  /** Commits everything taken and ends. The shard is not used afterwards. */
  close(): Promise<void>
}

/** Where a capture's shards come from. */
export interface ShardSource {
  /** Opens a shard that tells this listener: the next on a thread of which the capture has none yet, as far as there are. */
  open(listener: ShardListener): Promise<Shard>
  /** Lets go of what was prepared and not used. Shards are closed by whoever opened them. */
  close(): Promise<void>
}

/** What a shard tells its owner. */
export interface ShardListener {
  committed(range: CommittedRange & PartitionPlace): void
  /** A partition that was taken with `untilEnd` is done. */
  finished(place: PartitionPlace): void
  /**
   * A partition stopped, with everything before the fault committed, and was let go of; with null the whole shard
   * cannot go on and is to be closed.
   */
  failed(place: PartitionPlace | null, error: Error): void
}

/** The partition as messages and maps name it: `orders-3`. */
export function placeName({ topic, partition }: PartitionPlace): string {
  return `${topic}-${partition}`
}
