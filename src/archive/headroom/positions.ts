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

/** Follows how far topics are archived: by their commit logs, and by the captures that run here. */
export class ArchivePositions {
  readonly #store: ObjectStore
  readonly #incarnations: Map<string, number> = new Map()
  readonly #tails: Map<string, LogTail> = new Map()
  readonly #losses: Loss[] = []
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

  /** Losses that were found since this was last called; one may come again after a look that failed. */
  takeLosses(): Loss[] {
    return this.#losses.splice(0)
  }

  /** Whether the archive knows this very topic, not only namesakes of it. */
  async knows(topic: TopicInfo): Promise<boolean> {
    return (await this.#incarnationOf(topic)) !== null
  }

  /** Next offset to archive of every partition; null where nothing is archived. */
  async of(topic: TopicInfo, captures: readonly PartitionStatus[], nowMs: number): Promise<(bigint | null)[]> {
    const incarnation = await this.#incarnationOf(topic)
    const numbers = Array.from({ length: topic.partitions }, (_, partition) => partition)
    return concurrently(numbers, partitionsAtOnce, async (partition) => {
      const captured = captures.find((capture) => capture.topic === topic.topic && capture.partition === partition)
      const archived = captured?.archived ?? null
      if (incarnation === null) return archived
      const tail = this.#tail({ topic: topic.topic, incarnation, partition })
      // also where a capture runs here: it does not tell of losses, and another may be ahead of it
      await tail.look(nowMs)
      return furthest(archived, tail.archived)
    })
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
    const tail = this.#tails.get(name) ?? new LogTail(this.#store, key, (loss) => this.#losses.push(loss))
    this.#tails.set(name, tail)
    return tail
  }
}

/** A capture that starts may not have read what another writer has just committed. */
function furthest(one: bigint | null, other: bigint | null): bigint | null {
  if (one === null || other === null) return one ?? other
  return one > other ? one : other
}
