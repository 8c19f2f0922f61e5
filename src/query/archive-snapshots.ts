import { listArchivedTopics, loadTopic } from '../catalog/snapshot.ts'
import type { CommittedSegment } from '../format/segment.ts'
import type { ObjectStore } from '../ports/object-store.ts'

/** A segment, and whose rows it holds. */
export interface ArchivedSegment extends CommittedSegment {
  partition: number
}

/** What is archived now. */
export interface ArchiveSnapshots {
  /** Sorted. */
  topics(): Promise<readonly string[]>
  /** The segments that hold rows, of all incarnations. Throws NotFoundError `topic-not-archived`. */
  load(topic: string): Promise<readonly ArchivedSegment[]>
}

/** The snapshots that the archive's commit logs state. */
export function commitLogSnapshots(store: ObjectStore): ArchiveSnapshots {
  return {
    topics: () => listArchivedTopics(store),
    async load(topic) {
      const { incarnations } = await loadTopic(store, topic)
      return incarnations
        .flatMap((incarnation) => incarnation.partitions)
        .flatMap(({ partition, segments }) => segments.map((segment) => ({ ...segment, partition })))
        .filter((segment) => segment.records > 0)
    },
  }
}
