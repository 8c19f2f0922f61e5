import type { BufferPool } from '../../format/parquet/index.ts'
import type { RecordCursor } from '../../format/record-batch/index.ts'
import type { ReadPosition } from '../../ports/event-log.ts'
import { CommitQueue, type CommittedRange } from '../partition/commit-queue.ts'
import { sendDeadLetters } from '../partition/dead-letters.ts'
import type { OpenedPartition, PartitionParts } from '../partition/open-partition.ts'
import { OpenRange } from '../partition/open-range.ts'
import { PartitionCapture } from '../partition/partition-capture.ts'
import { Router } from '../partition/route.ts'
import { type PartitionPlace, type PartitionStatus, placeName } from './shard.ts'

/** What all partitions of a shard share. */
export interface LaneSharing {
  /** The thread's. */
  pool: BufferPool
  /** One record at a time. */
  cursor: RecordCursor
  /** Aborted when what waits for a store that is out of reach shall give up. */
  givesUp: AbortSignal
}

/** What a lane does now. `reading`: the reader delivers to it. Else nothing is delivered. */
export type LaneState =
  | 'reading'
  /** A rival moved its log: the rival's work is finished first. */
  | 'recovering'
  /** Its end is reached, its last commit under way. */
  | 'finishing'
  | 'done'
  /** It is to be let go of, its last commit under way. */
  | 'leaving'

/** One partition within a shard: its capture, where it began, where it is to end. */
export class Lane {
  readonly place: PartitionPlace
  readonly opened: OpenedPartition
  readonly capture: PartitionCapture
  state: LaneState = 'reading'
  /** How often it began to read anew; what was fetched before belongs to another turn. */
  turn = 0
  /** Offset at which it is done; null: never. */
  readonly #until: bigint | null

  constructor(
    opened: OpenedPartition,
    until: bigint | null,
    parts: PartitionParts,
    sharing: LaneSharing,
    onCommitted: (range: CommittedRange) => void,
  ) {
    const { connector, clock, log } = parts
    const { identity } = opened
    const { topic, partition } = identity
    const writerOptions = { identity, codec: connector.routing.codec, pool: sharing.pool }
    const { committer } = opened
    this.place = { topic, partition }
    this.opened = opened
    this.#until = until
    this.capture = new PartitionCapture({
      topic,
      partition,
      position: opened.position,
      router: new Router(connector.routing),
      rotation: connector.rotation,
      connector,
      openRange: (from, nowMs) => new OpenRange(from, nowMs, connector.routing.topicsDir, writerOptions),
      cursor: sharing.cursor,
      commits: new CommitQueue({
        name: placeName(this.place),
        committer,
        clock,
        log,
        givesUp: sharing.givesUp,
        onCommitted,
        sendDeadLetters: async (letters) => {
          const topic = connector.errors.deadLetterTopic
          if (topic !== null) await sendDeadLetters(parts.eventLog, topic, letters)
        },
      }),
      clock,
      log,
    })
  }

  /** Whether everything up to its end was taken. */
  get isAtEnd(): boolean {
    return this.#until !== null && this.capture.position >= this.#until
  }

  /** Where to read on. */
  get readPosition(): ReadPosition {
    const { incarnationId } = this.opened
    return { ...this.place, incarnationId, offset: this.capture.position, epoch: -1 }
  }

  get status(): PartitionStatus {
    const { capture, opened } = this
    const archived = opened.committer.state.archived?.next ?? opened.position
    return { ...this.place, from: opened.position, position: capture.position, archived, end: capture.end }
  }

  /** Closes what is open and waits until it is committed, or a rival's commit made it void. */
  async flush(): Promise<void> {
    this.capture.close('end')
    await this.capture.commits.settled()
  }

  /** After a rival moved the log: finishes what it left and stands where it stands. */
  async recover(): Promise<void> {
    const position = await this.opened.settle()
    this.turn += 1
    this.capture.restartAt(position)
    this.capture.commits.restart()
  }
}
