import type { CheckResult } from './check-result.ts'
import type { GroupMember, GroupOptions, WorkMember, WorkOptions } from './group-membership.ts'
import type { RecordBlock, SourceRun } from './record-block.ts'
import type { AcknowledgedPosition, TopicIdentity } from './topic-identity.ts'

export type { AcknowledgedPosition, TopicIdentity }

/**
 * What Coldstream needs of a broker, in words that fit a Kafka topic, a JetStream stream, and a RabbitMQ queue or stream
 * alike: topics with partitions (a stream or queue has one, number 0), in which every record has an offset.
 */
export interface EventLog {
  /** What the broker is, for messages: `kafka at host:port`. Never holds credentials. */
  readonly name: string

  /** The broker's own name for itself (Kafka: cluster id), or null when it has none. */
  clusterId(): Promise<string | null>

  /** Topics as the broker has them now; a topic that does not exist is left out. */
  describe(topics: readonly string[]): Promise<TopicInfo[]>

  /** Names of all topics that this client may see, internal ones left out, sorted. */
  listTopics(): Promise<string[]>

  /** Offsets that can be read now, per partition. Throws NotFoundError `topic-not-found`. */
  bounds(topic: TopicIdentity, partitions: readonly number[]): Promise<PartitionBounds[]>

  /** Begins to read. Never returns records of another incarnation of the topic than the one asked for. */
  openReader(positions: readonly ReadPosition[], options: ReaderOptions): Promise<EventReader>

  /**
   * Tells the broker that everything below `next` is archived: frees data where acknowledgement does that (queues),
   * moves a group's offset where that is only for lag tools (Kafka). Called after the archive's commit, never before.
   */
  acknowledge(consumer: string, positions: readonly AcknowledgedPosition[]): Promise<void>

  /**
   * Joins a group and begins to tell its listener; resolves once the broker has taken the member in. Throws
   * UnavailableError `broker-permission-denied`, ConflictError `group-in-use` when others use the name for something else.
   */
  joinGroup(options: GroupOptions): Promise<GroupMember>

  /**
   * Joins the instances that divide numbered slots of work; no topic is needed for it. An instance that was killed is
   * missed after the session timeout, and one that leaves at once. Errors as `joinGroup`, and InvalidInputError
   * `session-timeout-refused` when the broker does not allow sessions that short or long.
   */
  joinWork(options: WorkOptions): Promise<WorkMember>

  /**
   * Sets where a group of consumers goes on: all positions, or none when one of them cannot be. Throws ConflictError
   * `group-active` while the group has members, `topic-replaced` when a topic is not the incarnation that is named,
   * `group-in-use` when the name is something else's, NotFoundError `topic-not-found`, InvalidInputError
   * `partition-missing` or `group-name-invalid`, UnavailableError `broker-permission-denied`.
   */
  commitGroupOffsets(group: string, positions: readonly GroupCommit[]): Promise<void>

  /**
   * Appends records to any partition of a topic, at least once; for what is not part of a replay. Throws NotFoundError
   * `topic-not-found`, UnavailableError, InvalidInputError `record-refused` for what the topic never takes.
   */
  append(topic: string, block: RecordBlock): Promise<void>

  /** Creates a topic fit to hold a replay: kept for ever whatever its timestamps, large enough records. */
  createTarget(topic: string, options: TargetOptions): Promise<void>

  /** A target's fitness for a replay of that load, or null when the topic does not exist. */
  inspectTarget(topic: string, load?: TargetLoad): Promise<TargetInfo | null>

  /**
   * What the broker would refuse a writer of this share, and the creation of targets that do not exist. Changes nothing,
   * and finds only what can be known without trying.
   */
  examineWriting(share: ShareId, creations: readonly TargetCreation[]): Promise<TargetHazard[]>

  /** Makes ready what the writers of a replay's shares need, so that each opens sooner; without it they see to it themselves. */
  prepareWriting(replay: string, tasks: number): Promise<void>

  /**
   * Opens the writer of a task. Every older writer with the same id is fenced for good: what it had not committed
   * is gone, and its next call fails with FencedError.
   */
  openWriter(id: WriterId): Promise<EventWriter>

  /**
   * What the newest commit of a share's writers stored; null when there is none. Fences nobody and waits for nothing that
   * is undecided, so that anyone may ask, as often as once a second. Errors as `openWriter` for an id that cannot be.
   */
  readProgress(share: ShareId): Promise<Uint8Array | null>

  /** Deletes what is kept of a replay's shares that nobody writes any more; content when nothing is. */
  forgetProgress(replay: string): Promise<void>

  /**
   * Looks whether the broker can be reached and serves what is needed, whether its clock agrees, and whether this client
   * may read and describe the topics and read the groups. Changes nothing; a broker out of reach is a result, not an error.
   */
  examine(topics: readonly string[], groups: readonly string[]): Promise<CheckResult[]>

  close(): Promise<void>
}

/** Where a group goes on in a partition; `incarnationId` says in which topic of that name, any when it is left out. */
export interface GroupCommit extends AcknowledgedPosition {
  incarnationId?: string
}

export interface TopicInfo extends TopicIdentity {
  /** Number of partitions; they are numbered from 0. */
  partitions: number
  /** `append` when the broker stamps records with its own time on append. */
  timestampType: 'create' | 'append'
}

export interface PartitionBounds {
  partition: number
  /** First offset that is still there. */
  first: bigint
  /** Offset after the last one that a read-committed reader can reach now. */
  end: bigint
}

/** Where to read on. `epoch` (Kafka: leader epoch) lets the broker notice truncation; -1 when not known. */
export interface ReadPosition extends TopicIdentity {
  partition: number
  offset: bigint
  epoch: number
}

export interface ReaderOptions {
  /** Upper bound of bytes one call of `next` should deliver over all partitions. */
  maxBytes: number
  /** How long the broker may wait for new records before `next` returns empty-handed. */
  maxWaitMs: number
  /** Bytes that are no valid records: an error, or a gap `corrupt` and on; an error unless told. */
  corruptBatches?: 'refuse' | 'gap'
}

export interface EventReader {
  /**
   * The next run of records of any partitions, read-committed; may be empty after `maxWaitMs`. What it returned before
   * may be overwritten. Throws UnavailableError only after its own retries are used up, NotFoundError
   * `topic-not-found` when the topic (this incarnation) is gone.
   */
  next(signal: AbortSignal): Promise<PartitionFetch[]>
  /** Leaves partitions out of following fetches. What is already on its way may still be delivered. */
  pause(topic: string, partition: number): void
  resume(topic: string, partition: number): void
  /** Reads these too from now on. A partition that is read already is an error of the caller. */
  add(positions: readonly ReadPosition[]): void
  /** Stops reading a partition; nothing of it is delivered afterwards. */
  remove(topic: string, partition: number): void
  close(): Promise<void>
}

/**
 * What one partition delivered: runs that cover `[from, next)` without a hole between them. A batch is indivisible, so
 * the first block of records may begin below `from`: its records below `from` are not part of the delivery, and whoever
 * iterates skips them.
 */
export interface PartitionFetch {
  topic: string
  partition: number
  from: bigint
  next: bigint
  /** Epoch that goes with `next`. */
  epoch: number
  /** As in PartitionBounds, at the time of the fetch. */
  first: bigint
  end: bigint
  runs: SourceRun[]
}

export interface TargetOptions {
  partitions: number
  /** Broker settings over the safe ones. */
  config: Readonly<Record<string, string>>
  /** Largest record batch, in bytes, that the target has to take. */
  maxRecordBytes: number
}

export interface TargetInfo {
  partitions: number
  empty: boolean
  /** What would hurt a replay into this topic, each with its remedy: retention that deletes old timestamps at once, … */
  hazards: TargetHazard[]
  /** Largest record batch, in bytes, that the topic takes. */
  maxRecordBytes: number
}

/** What a target is about to be given; null where it is not known. */
export interface TargetLoad {
  /** Smallest and largest timestamp of the records, milliseconds since the epoch. */
  firstTimestampMs: number | null
  lastTimestampMs: number | null
  /** Bytes that come into the fullest partition, uncompressed. */
  partitionBytes: number | null
}

/** A target that is to be created. */
export interface TargetCreation {
  topic: string
  options: TargetOptions
}

export interface TargetHazard {
  /** `error`: records would be refused or vanish for certain. `warning`: something may come of it that surprises. */
  severity: 'error' | 'warning'
  code: string
  message: string
  remedy: string
}

/** Names a share of a replay. */
export interface ShareId {
  replay: string
  /** Number of the share, from 0; one writer each. */
  task: number
  /** How many shares the replay has; always the same. */
  tasks: number
}

/** Who writes; the broker fences writers of the same share. */
export interface WriterId extends ShareId {
  /** Topics it may write to: what it writes into several of them is one unit of work. */
  targets: readonly string[]
}

export interface EventWriter {
  /** What the last commit of this id stored, or null when it never committed. Read after older writers were fenced. */
  readonly progress: Uint8Array | null
  /**
   * Adds records to the open unit of work, in order per topic and partition. Resolves when the writer can take more; the
   * block's bytes are not used afterwards. Offsets of the block are ignored, timestamps are kept. Throws InvalidInputError
   * `target-not-named` for a topic that is none of the writer's, `target-partition-missing`.
   */
  write(topic: string, partition: number, block: RecordBlock): Promise<void>
  /**
   * Makes everything written since the last commit visible, and `progress` with it, or nothing at all. When the
   * outcome is not known it throws UnavailableError: open a new writer and look at its `progress`.
   */
  commit(progress: Uint8Array): Promise<void>
  /** Drops what is not committed. */
  abort(): Promise<void>
  /** Drops what is not committed. When it resolves, all that was committed is visible to read-committed readers. */
  close(): Promise<void>
}
