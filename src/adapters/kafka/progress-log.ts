import { UnavailableError } from '../../errors.ts'
import { RecordCursor, RecordEncoder } from '../../format/record-batch/index.ts'
import type { EventReader, ReaderOptions, ReadPosition, TopicIdentity } from '../../ports/event-log.ts'
import type { RecordBlock } from '../../ports/record-block.ts'
import type { KafkaCluster } from './cluster.ts'
import { topicNotFound } from './cluster-metadata.ts'
import { createTopic } from './create-topic.ts'
import { listOffsets } from './offsets.ts'
import { type Attempt, repeatUntilDone } from './retry.ts'

export type OpenReader = (positions: readonly ReadPosition[], options: ReaderOptions) => Promise<EventReader>

const namePrefix = 'coldstream-progress-'
const partition = 0
/** Longer than any transaction on the partition may last. */
const settleLimitMs = 120_000
/** Each commit adds two offsets, the record and the marker: the last ones nearly always hold the newest progress. */
const tailOffsets = 100n

const config: Readonly<Record<string, string>> = {
  'cleanup.policy': 'compact',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'segment.bytes': '16777216',
}

/** Whether a topic is one of those that hold progress, which nobody wants listed. */
export function isProgressTopic(topic: string): boolean {
  return topic.startsWith(namePrefix)
}

/**
 * The progress of one writer: a compacted topic with a single partition and a single key, written in the writer's own
 * transactions. It is the writer's alone, because a transaction that another leaves open on the partition would hold the
 * last stable offset back and hide this one's progress from a read-committed read.
 */
export class ProgressLog {
  readonly topic: TopicIdentity
  readonly partition: number = partition
  readonly #cluster: KafkaCluster
  readonly #encoder: RecordEncoder = new RecordEncoder(256)
  readonly #key: Buffer

  private constructor(cluster: KafkaCluster, topic: TopicIdentity) {
    this.#cluster = cluster
    this.topic = topic
    this.#key = Buffer.from(topic.topic)
  }

  /** Finds the log of the writer called `name`, or creates it. */
  static async open(cluster: KafkaCluster, name: string): Promise<ProgressLog> {
    const topic = namePrefix + name
    const existing = await cluster.refresh([topic])
    if (existing.length === 0) await createTopic(cluster, topic, 1, config)
    const found = cluster.metadata.topic(topic)
    if (found === undefined) throw topicNotFound(topic)
    return new ProgressLog(cluster, found)
  }

  /** The record that states `progress`. */
  block(progress: Uint8Array): RecordBlock {
    this.#encoder.appendRecord({ key: this.#key, value: progress, headers: [], timestampMs: Date.now() })
    return this.#encoder.finish()
  }

  /**
   * What the last commit stated, null without one. To be read after older writers were fenced; waits until nothing of
   * theirs is undecided any more.
   */
  async read(openReader: OpenReader): Promise<Buffer | null> {
    const [first] = await listOffsets(this.#cluster, this.topic, [partition], 'earliest')
    const [end] = await listOffsets(this.#cluster, this.topic, [partition], 'latest')
    await this.#settled(end!)
    const tail = end! - tailOffsets
    const late = tail > first! ? await this.#lastValue(openReader, tail, end!) : null
    return late ?? this.#lastValue(openReader, first!, end!)
  }

  async #settled(end: bigint): Promise<void> {
    const blocked = new UnavailableError(
      'progress-undecided',
      `A transaction stays open on topic '${this.topic.topic}': the progress stored there cannot be read`,
      { remedy: 'Find it with kafka-transactions find-hanging and abort it, then try again.' },
    )
    await repeatUntilDone(settleLimitMs, async (): Promise<Attempt<void>> => {
      const [stable] = await listOffsets(this.#cluster, this.topic, [partition], 'latest-committed')
      return stable! >= end ? { done: undefined } : { again: blocked }
    })
  }

  async #lastValue(openReader: OpenReader, from: bigint, end: bigint): Promise<Buffer | null> {
    if (from >= end) return null
    const reader = await openReader([{ ...this.topic, partition, offset: from, epoch: -1 }], {
      maxBytes: 4 * 1024 * 1024,
      maxWaitMs: 500,
    })
    const cursor = new RecordCursor()
    let last: Buffer | null = null
    try {
      for (let next = from; next < end; ) {
        for (const fetched of await reader.next(AbortSignal.timeout(settleLimitMs))) {
          for (const run of fetched.runs) if (run.kind === 'records') last = lastValueOf(cursor, run.block) ?? last
          next = fetched.next
        }
      }
    } finally {
      await reader.close()
    }
    return last
  }
}

function lastValueOf(cursor: RecordCursor, block: RecordBlock): Buffer | null {
  let value: Buffer | null = null
  cursor.open(block)
  while (cursor.next()) {
    if (cursor.valueLength < 0) continue
    value = Buffer.from(cursor.bytes.subarray(cursor.valueStart, cursor.valueStart + cursor.valueLength))
  }
  return value
}
