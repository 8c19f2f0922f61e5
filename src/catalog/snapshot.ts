import type { ObjectStore } from '../ports/object-store.ts'
import type { Incarnation } from './incarnations.ts'
import type { LogState } from './log-state.ts'

/** What the archive holds of a topic at one moment, by its commit logs. */
export interface TopicSnapshot {
  topic: string
  /** Ascending by number; ones of which nothing is archived have no partitions. */
  incarnations: IncarnationSnapshot[]
}

export interface IncarnationSnapshot extends Incarnation {
  /** Ascending. */
  partitions: PartitionSnapshot[]
}

export interface PartitionSnapshot extends LogState {
  partition: number
}

/** Names of all topics that the archive knows, sorted. */
export async function listArchivedTopics(_store: ObjectStore): Promise<string[]> {
  throw new Error('not written yet')
}

/** What is archived of a topic. Throws NotFoundError `topic-not-archived`, which names the topics that are. */
export async function loadTopic(_store: ObjectStore, _topic: string): Promise<TopicSnapshot> {
  throw new Error('not written yet')
}
