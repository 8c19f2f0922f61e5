import { type KnownLogs, listArchivedTopics, loadTopic, type TopicSnapshot } from '../catalog/snapshot.ts'
import type { CommittedSegment } from '../format/segment.ts'
import type { ObjectStore } from '../ports/object-store.ts'

/** A segment, and whose rows it holds. */
export interface ArchivedSegment extends CommittedSegment {
  partition: number
}

/** How far a partition of the topic's newest incarnation is archived. */
export interface ArchivedPosition {
  partition: number
  /** The next offset to archive; null when nothing is. */
  next: bigint | null
  /** Time of the newest record; null when there is none. */
  newestMs: number | null
}

/** A topic at one moment. */
export interface ArchivedTopic {
  /** Those that hold rows, of all incarnations. */
  segments: readonly ArchivedSegment[]
  incarnationId: string
  positions: readonly ArchivedPosition[]
}

/** What is archived now. */
export interface ArchiveSnapshots {
  /** Sorted. */
  topics(): Promise<readonly string[]>
  /** Throws NotFoundError `topic-not-archived`. */
  load(topic: string): Promise<ArchivedTopic>
}

/** The snapshots that the archive's commit logs state. What was read of them before is in `known`; what was added is looked for each time. */
export function commitLogSnapshots(store: ObjectStore, known: KnownLogs = new Map()): ArchiveSnapshots {
  return {
    topics: () => listArchivedTopics(store),
    load: async (topic) => archivedTopic(await loadTopic(store, topic, known)),
  }
}

function archivedTopic({ incarnations }: TopicSnapshot): ArchivedTopic {
  const newest = incarnations.at(-1)!
  return {
    segments: incarnations
      .flatMap(({ partitions }) => partitions)
      .flatMap(({ partition, segments }) => segments.map((segment) => ({ ...segment, partition })))
      .filter(({ records }) => records > 0),
    incarnationId: newest.incarnationId,
    positions: newest.partitions.map(({ partition, archived, segments }) => ({
      partition,
      next: archived?.next ?? null,
      newestMs: newestOf(segments),
    })),
  }
}

function newestOf(segments: readonly CommittedSegment[]): number | null {
  let newest: number | null = null
  for (const { records, maxTimestampMs } of segments) {
    if (records > 0 && (newest === null || maxTimestampMs > newest)) newest = maxTimestampMs
  }
  return newest
}
