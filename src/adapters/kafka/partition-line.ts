import { encodeBatch } from '../../format/record-batch/index.ts'
import type { TopicIdentity } from '../../ports/event-log.ts'
import type { Codec, RecordBlock } from '../../ports/record-block.ts'
import type { BatchMemory } from './batch-memory.ts'
import type { ProducerIdentity } from './transaction-coordinator.ts'

/** Batches of one partition on their way: what was not sent yet, and what was but is not known to be stored. */
export class PartitionLine {
  readonly topic: TopicIdentity
  readonly partition: number
  readonly pending: Buffer[] = []
  readonly sent: Buffer[] = []
  /** How many of `sent` the broker has not answered for. */
  unanswered = 0
  /** Node id of the leader; null when it has to be found out. */
  leader: number | null = null
  /** Something is being waited for (a leader, a pause): nothing is sent until it is over. */
  waiting = false
  /** A batch failed for a reason that passes; the ones behind it fail too and all go again, in order. */
  recovering = false
  /** When the present trouble began, ms of the monotonic clock; null without trouble. */
  troubledSince: number | null = null
  lastTrouble: Error | null = null
  /** Set once a broker stored a batch: before, it knows no sequence of ours and could take the second for the first. */
  #known = false
  #producer: ProducerIdentity = { id: -1n, epoch: -1 }
  #nextSequence = 0
  readonly #memory: BatchMemory

  constructor(topic: TopicIdentity, partition: number, memory: BatchMemory) {
    this.topic = topic
    this.partition = partition
    this.#memory = memory
  }

  /** Whether the next pending batch may go out now. */
  get ready(): boolean {
    return this.pending.length > 0 && !this.waiting && !this.recovering && (this.#known || this.sent.length === 0)
  }

  /** Encodes a block as the next batch and queues it; returns its size. Sequences begin at 0 with each producer epoch. */
  add(block: RecordBlock, codec: Codec, producer: ProducerIdentity): number {
    if (producer.id !== this.#producer.id || producer.epoch !== this.#producer.epoch) {
      if (producer.id !== this.#producer.id) this.#known = false
      this.#producer = producer
      this.#nextSequence = 0
    }
    const batch = encodeBatch(block, {
      codec,
      producerId: producer.id,
      producerEpoch: producer.epoch,
      baseSequence: this.#nextSequence,
      transactional: true,
      allocate: (bytes) => this.#memory.take(bytes),
    })
    // Sequences are 31 bits and wrap to 0.
    this.#nextSequence = (this.#nextSequence + block.count) % 2 ** 31
    this.pending.push(batch)
    return batch.length
  }

  /** Moves the next pending batch to the sent ones. */
  take(): Buffer {
    const batch = this.pending.shift()!
    this.sent.push(batch)
    this.unanswered += 1
    return batch
  }

  /** The batch is stored; its memory may be another's from now on. */
  stored(batch: Buffer): void {
    this.sent.splice(this.sent.indexOf(batch), 1)
    this.#memory.give(batch)
    this.#known = true
    this.troubledSince = null
  }

  /** All that is not known to be stored goes again, one at a time until the first is. */
  rewind(): void {
    this.pending.unshift(...this.sent)
    this.sent.length = 0
    this.recovering = false
    this.#known = false
  }
}
