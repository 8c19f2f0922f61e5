import { concurrently } from '../../catalog/concurrently.ts'
import { listIncarnations } from '../../catalog/incarnations.ts'
import { listArchivedTopics } from '../../catalog/snapshot.ts'
import type { TopicInfo } from '../../ports/event-log.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import type { PartitionStatus } from '../capture.ts'
import { LogTail, type Loss } from './log-tail.ts'

/** How long the list of archived topics is good for: to make it costs a request per topic. */
const listedForMs = 300_000
const partitionsAtOnce = 16

/** Where the archive stands in a topic that the broker has, by partition; null: nothing of it is archived. */
export interface ArchivedPositions {
  positions: (bigint | null)[]
  losses: Loss[]
}

/** Follows how far topics are archived: by the captures that run here, and by the commit logs for all others. */
export class ArchivePositions {
  readonly #store: ObjectStore
  readonly #incarnations: Map<string, number> = new Map()
  readonly #tails: Map<string, LogTail> = new Map()
  #listed: { topics: string[]; atMs: number } | null = null

  constructor(store: ObjectStore) {
    this.#store = store
  }

  /** Topics in the archive, as of some minutes ago. */
  async topics(nowMs: number): Promise<string[]> {
    const ageMs = nowMs - (this.#listed?.atMs ?? Number.NEGATIVE_INFINITY)
    if (this.#listed === null || ageMs < 0 || ageMs > listedForMs) {
      this.#listed = { topics: await listArchivedTopics(this.#store), atMs: nowMs }
    }
    return this.#listed.topics
  }

  /** Null when neither the archive nor a capture knows this very topic, only namesakes of it. */
  async of(topic: TopicInfo, captures: readonly PartitionStatus[], nowMs: number): Promise<ArchivedPositions | null> {
    const incarnation = await this.#incarnationOf(topic)
    if (incarnation === null && captures.length === 0) return null
    const numbers = Array.from({ length: topic.partitions }, (_, partition) => partition)
    const looked = await concurrently(numbers, partitionsAtOnce, async (partition) => {
      const status = captures.find((capture) => capture.partition === partition) ?? null
      if (incarnation === null) return { position: status?.archived ?? null, losses: [] }
      const tail = this.#tail({ topic: topic.topic, incarnation, partition })
      // a capture here tells for nothing that nothing was committed
      const isUpToDate = status !== null && status.archived === tail.archived
      const losses = isUpToDate ? [] : await tail.look(nowMs)
      return { position: furthest(status?.archived ?? null, tail.archived), losses }
    })
    return { positions: looked.map(({ position }) => position), losses: looked.flatMap(({ losses }) => losses) }
  }

  async #incarnationOf({ topic, incarnationId }: TopicInfo): Promise<number | null> {
    const known = this.#incarnations.get(incarnationId)
    if (known !== undefined) return known
    for (const found of await listIncarnations(this.#store, topic)) {
      this.#incarnations.set(found.incarnationId, found.incarnation)
    }
    return this.#incarnations.get(incarnationId) ?? null
  }

  #tail(key: { topic: string; incarnation: number; partition: number }): LogTail {
    const name = `${key.topic}/${key.incarnation}/${key.partition}`
    const tail = this.#tails.get(name) ?? new LogTail(this.#store, key)
    this.#tails.set(name, tail)
    return tail
  }
}

/** A capture that starts may not have read what another writer has just committed. */
function furthest(one: bigint | null, other: bigint | null): bigint | null {
  if (one === null || other === null) return one ?? other
  return one > other ? one : other
}
