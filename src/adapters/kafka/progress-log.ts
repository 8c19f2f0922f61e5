import { InvalidInputError, UnavailableError } from '../../errors.ts'
import { RecordCursor, RecordEncoder } from '../../format/record-batch/index.ts'
import type { ShareId, TopicIdentity } from '../../ports/event-log.ts'
import type { RecordBlock } from '../../ports/record-block.ts'
import { brokerRefusal, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { topicNotFound } from './cluster-metadata.ts'
import { readCommittedRange } from './committed-range.ts'
import { createTopic, tryTopic } from './create-topic.ts'
import { deleteTopic } from './delete-topic.ts'
import { listOffsets, type OffsetKind } from './offsets.ts'
import { type Attempt, repeatUntilDone } from './retry.ts'

const namePrefix = 'coldstream-progress-'
/** Longer than any transaction on the partition may last. */
const settleLimitMs = 120_000
/**
 * Each commit adds two offsets, the record and the marker, so that the last ones nearly always hold the newest progress;
 * a longer tail is read when they do not.
 */
const tailOffsets = 8n
const tailGrowth = 16n

/** Bits of Kafka's AclOperation in the authorized operations of a topic (KIP-430). */
const mayReadAndWrite = (1 << 3) | (1 << 4)

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

/** One name for a share. Throws InvalidInputError `writer-id-invalid`: it becomes part of a transactional id. */
export function shareName(share: ShareId): string {
  checkShare(share)
  return `${share.replay}-${share.task}`
}

function checkShare({ replay, task, tasks }: ShareId): void {
  if (/^[a-zA-Z0-9._-]{1,200}$/.test(replay) && Number.isInteger(task) && task >= 0 && task < tasks) return
  const name = `${replay}-${task}`
  throw new InvalidInputError('writer-id-invalid', `'${name.slice(0, 220)}' of ${tasks} cannot name a writer`, {
    remedy:
      'Use 1 to 200 letters, digits, dots, underscores and hyphens for the id of a replay, and count its shares from 0.',
  })
}

/**
 * The progress of one share: a partition of a compacted topic that the shares of a replay have together, with a single
 * key, written in the transactions of the share's writer. The partition is the share's alone, because a transaction that
 * another leaves open on it would hold the last stable offset back and hide this one's progress from a read-committed read.
 */
export class ProgressLog {
  readonly topic: TopicIdentity
  readonly partition: number
  readonly #cluster: KafkaCluster
  readonly #encoder: RecordEncoder = new RecordEncoder(256)
  readonly #key: Buffer

  private constructor(cluster: KafkaCluster, topic: TopicIdentity, partition: number) {
    this.#cluster = cluster
    this.topic = topic
    this.partition = partition
    this.#key = Buffer.from(topic.topic)
  }

  /** Finds the log of a share, or creates it. */
  static async open(cluster: KafkaCluster, share: ShareId): Promise<ProgressLog> {
    const existing = await ProgressLog.find(cluster, share)
    if (existing !== null) return existing
    const topic = topicOf(share.replay)
    await createTopic(cluster, topic, share.tasks, config)
    const created = await ProgressLog.find(cluster, share)
    if (created === null) throw topicNotFound(topic)
    return created
  }

  /** The log of a share; null when there is none. Changes nothing. Throws InvalidInputError `progress-topic-unfit`. */
  static async find(cluster: KafkaCluster, share: ShareId): Promise<ProgressLog | null> {
    checkShare(share)
    const topic = topicOf(share.replay)
    const [found] = await cluster.refresh([topic])
    if (found === undefined) return null
    if (found.partitions.length === share.tasks) return new ProgressLog(cluster, found, share.task)
    const message = `Topic '${topic}' has ${found.partitions.length} partitions, and the replay ${share.tasks} shares`
    throw new InvalidInputError('progress-topic-unfit', message, {
      remedy:
        'It is not this replay that made it: start the replay under another id, or delete the topic if nothing needs it.',
      details: { topic },
    })
  }

  /** Throws what would keep a writer from having its log, as far as that can be told without creating it. */
  static async examine(cluster: KafkaCluster, share: ShareId): Promise<void> {
    const topic = topicOf(share.replay)
    const [found] = await cluster.refresh([topic], true)
    if (found === undefined) return tryTopic(cluster, topic, share.tasks, config)
    const allowed = found.authorizedOperations
    if (allowed === null || (allowed & mayReadAndWrite) === mayReadAndWrite) return
    throw brokerRefusal(KafkaCode.topicAuthorizationFailed, 'the progress', `topic '${topic}'`)
  }

  /** Deletes the logs of a replay's shares, if there are any. */
  static async delete(cluster: KafkaCluster, replay: string): Promise<void> {
    await deleteTopic(cluster, topicOf(replay))
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
  async read(): Promise<Buffer | null> {
    const end = await this.#offset('latest')
    if (end === 0n) return null
    await this.#settled(end)
    return this.#lastBelow(end)
  }

  /** What the newest commit stated that is decided now. */
  async peek(): Promise<Buffer | null> {
    return this.#lastBelow(await this.#offset('latest-committed'))
  }

  async #offset(kind: OffsetKind): Promise<bigint> {
    const [offset] = await listOffsets(this.#cluster, this.topic, [this.partition], kind)
    return offset!
  }

  async #settled(end: bigint): Promise<void> {
    const blocked = new UnavailableError(
      'progress-undecided',
      `A transaction stays open on topic '${this.topic.topic}': the progress stored there cannot be read`,
      { remedy: 'Find it with kafka-transactions find-hanging and abort it, then try again.' },
    )
    await repeatUntilDone(settleLimitMs, async (): Promise<Attempt<void>> => {
      return (await this.#offset('latest-committed')) >= end ? { done: undefined } : { again: blocked }
    })
  }

  async #lastBelow(end: bigint): Promise<Buffer | null> {
    const first = await this.#offset('earliest')
    for (let length = tailOffsets; ; length *= tailGrowth) {
      const from = end - length > first ? end - length : first
      const value = await this.#lastWithin(from, end)
      if (value !== null || from === first) return value
    }
  }

  async #lastWithin(from: bigint, end: bigint): Promise<Buffer | null> {
    const cursor = new RecordCursor()
    let last: Buffer | null = null
    await readCommittedRange(this.#cluster, this.topic, this.partition, [from, end], (run) => {
      if (run.kind === 'records') last = lastValueOf(cursor, run.block) ?? last
    })
    return last
  }
}

/** The topic that holds the progress of all shares of a replay. */
function topicOf(replay: string): string {
  return namePrefix + replay
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
