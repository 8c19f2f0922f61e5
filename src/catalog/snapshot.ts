import { NotFoundError } from '../errors.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { concurrently } from './concurrently.ts'
import { type Incarnation, listIncarnations } from './incarnations.ts'
import { incarnationLogPrefix, logPrefix, topicOfFolder } from './log-paths.ts'
import { LogReader } from './log-reader.ts'
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

/** Partition logs read at once; each makes up to 16 requests at once. */
const CONCURRENCY = 8

/** Names of all topics that the archive knows, sorted. */
export async function listArchivedTopics(store: ObjectStore): Promise<string[]> {
  const folders = await store.folders('catalog/')
  return folders
    .map(topicOfFolder)
    .filter((topic) => topic !== null)
    .sort()
}

/** What logs said when they were last read, by `key`: logs only grow, so that it saves reading them from the beginning. */
export type KnownLogs = Map<string, LogState>

/** What is archived of a topic; keeps in `logs` what it read. Throws NotFoundError `topic-not-archived`, which names the topics that are; DamagedDataError. */
export async function loadTopic(
  store: ObjectStore,
  topic: string,
  logs: KnownLogs = new Map(),
): Promise<TopicSnapshot> {
  const known = await listIncarnations(store, topic)
  if (known.length === 0) throw await notArchived(store, topic)
  const incarnations: IncarnationSnapshot[] = []
  for (const incarnation of known) {
    const numbers = await listPartitions(store, topic, incarnation.incarnation)
    const partitions = await concurrently(numbers, CONCURRENCY, async (partition) => {
      const key = { topic, incarnation: incarnation.incarnation, partition }
      const name = logPrefix(key)
      const state = await new LogReader(store, key).state(logs.get(name))
      logs.set(name, state)
      return { partition, ...state }
    })
    incarnations.push({ ...incarnation, partitions })
  }
  return { topic, incarnations }
}

/** Numbers of the partitions that have a log, ascending. */
export async function listPartitions(store: ObjectStore, topic: string, incarnation: number): Promise<number[]> {
  const folders = await store.folders(incarnationLogPrefix(topic, incarnation))
  return folders
    .filter((name) => /^(0|[1-9][0-9]{0,9})$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

async function notArchived(store: ObjectStore, topic: string): Promise<NotFoundError> {
  const archived = await listArchivedTopics(store)
  const names = archived.slice(0, 20).join(', ') + (archived.length > 20 ? `, and ${archived.length - 20} more` : '')
  return new NotFoundError(
    'topic-not-archived',
    `nothing of the topic ${JSON.stringify(topic)} is archived in ${store.url}`,
    {
      remedy:
        archived.length === 0
          ? 'Run a connector that captures it first; this archive holds no topic yet.'
          : `Name one of the topics in this archive: ${names}.`,
      details: { topic, archived: archived.slice(0, 20) },
    },
  )
}
