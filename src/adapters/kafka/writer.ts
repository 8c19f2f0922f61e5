import { randomUUID } from 'node:crypto'
import { FencedError, InvalidInputError, UnavailableError } from '../../errors.ts'
import type { EventWriter, ShareId, TopicIdentity, WriterId } from '../../ports/event-log.ts'
import type { Codec, RecordBlock } from '../../ports/record-block.ts'
import type { KafkaCluster } from './cluster.ts'
import { type TopicMetadata, topicNotFound } from './cluster-metadata.ts'
import { ProduceQueue } from './produce-queue.ts'
import { targetDeleted } from './produce-refusal.ts'
import { producibleBlock } from './producible-block.ts'
import { ProgressLog, shareName } from './progress-log.ts'
import { type Attempt, isPassing, repeatUntilDone } from './retry.ts'
import { TransactionSession } from './transaction-session.ts'

export interface KafkaWriterOptions {
  codec: Codec
  /** How long a unit of work may take before the broker aborts it; 60 s unless told. At most the broker's own limit. */
  transactionTimeoutMs?: number
}

const defaultTransactionTimeoutMs = 60_000
/** One broker may know less than another for a moment. */
const absentGraceMs = 3_000
/** How long all brokers may be out of reach when a unit is about to be committed. */
const reachLimitMs = 30_000

/**
 * Writes units of work into topics, each one Kafka transaction that holds the records and the progress they make. The
 * transactional id is the writer's id: opening a writer fences the older ones, so that a unit is there once or not at
 * all, whoever else believes to be the writer. A writer that failed stays failed: open a new one and go on from its
 * `progress`.
 */
export class KafkaWriter implements EventWriter {
  readonly progress: Uint8Array | null
  readonly #cluster: KafkaCluster
  readonly #lane: string
  readonly #targets: ReadonlyMap<string, TopicMetadata>
  readonly #session: TransactionSession
  readonly #log: ProgressLog
  readonly #queue: ProduceQueue
  /** Partitions that belong to the open transaction, `topic/partition`; a promise while the coordinator is told. */
  readonly #joined: Map<string, Promise<void>> = new Map()
  #committed = false

  private constructor(parts: {
    cluster: KafkaCluster
    lane: string
    targets: ReadonlyMap<string, TopicMetadata>
    session: TransactionSession
    log: ProgressLog
    progress: Uint8Array | null
    codec: Codec
  }) {
    this.#cluster = parts.cluster
    this.#lane = parts.lane
    this.#targets = parts.targets
    this.#session = parts.session
    this.#log = parts.log
    this.progress = parts.progress
    this.#queue = new ProduceQueue(parts.cluster, parts.lane, parts.session, parts.codec)
  }

  /**
   * Fences older writers of the id, and then reads what they last committed. Throws NotFoundError `topic-not-found`,
   * InvalidInputError `writer-id-invalid`.
   */
  static async open(cluster: KafkaCluster, id: WriterId, options: KafkaWriterOptions): Promise<KafkaWriter> {
    const found = await cluster.refresh(id.targets)
    const targets = new Map(found.map((target) => [target.topic, target]))
    const missing = id.targets.find((target) => !targets.has(target))
    if (missing !== undefined) throw topicNotFound(missing)
    const lane = `writer-${randomUUID()}`
    try {
      const log = await ProgressLog.open(cluster, id)
      const timeoutMs = options.transactionTimeoutMs ?? defaultTransactionTimeoutMs
      const session = await TransactionSession.open(cluster, lane, transactionalIdOf(id), timeoutMs)
      const progress = await log.read()
      const { codec } = options
      return new KafkaWriter({
        cluster,
        lane,
        targets,
        session,
        log,
        progress,
        codec,
      })
    } catch (error) {
      await cluster.closeLane(lane)
      throw error
    }
  }

  async write(topic: string, partition: number, block: RecordBlock): Promise<void> {
    const target = this.#targetAt(topic, partition)
    if (block.count > 0) await this.#add(target, partition, producibleBlock(block))
    await this.#queue.room()
  }

  async commit(progress: Uint8Array): Promise<void> {
    await this.#add(this.#log.topic, this.#log.partition, this.#log.block(progress))
    await this.#queue.flush()
    await this.#checkTopics()
    // Whatever the outcome, there is nothing left to abort.
    this.#joined.clear()
    try {
      await this.#session.end(true)
    } catch (error) {
      throw this.#queue.fail(error)
    }
    this.#committed = true
  }

  async abort(): Promise<void> {
    await this.#queue.drop()
    const open = this.#joined.size > 0 && !isOver(this.#queue.failure)
    this.#joined.clear()
    if (open) await this.#session.end(false)
  }

  async close(): Promise<void> {
    try {
      await this.abort()
      if (this.#committed && this.#queue.failure === null) await this.#session.settled()
    } finally {
      await this.#cluster.closeLane(this.#lane)
    }
  }

  /**
   * Batches name their topic, and a namesake that took its place would take them: nothing is committed unless every topic
   * is still the one that it was.
   */
  async #checkTopics(): Promise<void> {
    const topics = [...this.#targets.values(), this.#log.topic]
    const names = topics.map(({ topic }) => topic)
    let absentSinceMs: number | null = null
    const look = async (): Promise<Attempt<void>> => {
      const found = new Set((await this.#cluster.refresh(names)).map(({ incarnationId }) => incarnationId))
      const missing = topics.find(({ incarnationId }) => !found.has(incarnationId))
      if (missing === undefined) return { done: undefined }
      absentSinceMs ??= performance.now()
      if (performance.now() - absentSinceMs > absentGraceMs) throw targetDeleted(missing.topic)
      return { again: targetDeleted(missing.topic) }
    }
    try {
      await repeatUntilDone(reachLimitMs, () =>
        look().catch((error: unknown) => {
          if (isPassing(error)) return { again: error }
          throw error
        }),
      )
    } catch (error) {
      throw this.#queue.fail(error)
    }
  }

  #targetAt(topic: string, partition: number): TopicIdentity {
    const target = this.#targets.get(topic)
    if (target === undefined) {
      throw new InvalidInputError('target-not-named', `The writer was not opened for topic '${topic}'`, {
        remedy: 'Name every topic that it writes to when it is opened.',
        details: { topic, targets: [...this.#targets.keys()] },
      })
    }
    const { length } = target.partitions
    if (Number.isInteger(partition) && partition >= 0 && partition < length) return target
    throw new InvalidInputError(
      'target-partition-missing',
      `Topic '${topic}' has partitions 0 to ${length - 1}, not ${partition}`,
      { remedy: 'Give the target as many partitions as the replay needs.', details: { topic, partition } },
    )
  }

  async #add(topic: TopicIdentity, partition: number, block: RecordBlock): Promise<void> {
    this.#session.begin()
    const key = `${topic.topic}/${partition}`
    const joined = this.#joined.get(key) ?? this.#join(topic.topic, partition)
    this.#joined.set(key, joined)
    // Nothing is awaited where the broker adds partitions itself: the block is encoded before this call returns.
    if (!this.#session.version2) {
      await joined.catch((error: unknown) => {
        throw this.#queue.fail(error)
      })
    }
    this.#queue.add(topic, partition, block)
  }

  #join(topic: string, partition: number): Promise<void> {
    return this.#session.version2 ? Promise.resolve() : this.#session.addPartition(topic, partition)
  }
}

/** What writers of one share fence each other by. Throws InvalidInputError `writer-id-invalid`. */
export function transactionalIdOf(share: ShareId): string {
  return `coldstream-${shareName(share)}`
}

/** Whether the broker has ended the transaction already. */
function isOver(failure: Error | null): boolean {
  if (failure instanceof FencedError) return true
  return failure instanceof UnavailableError && failure.code === 'transaction-aborted'
}
