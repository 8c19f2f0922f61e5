import { concurrently } from '../catalog/concurrently.ts'
import { resolveIncarnation } from '../catalog/incarnations.ts'
import { AbortedError, NotFoundError } from '../errors.ts'
import { BufferPool } from '../format/parquet/index.ts'
import { RecordCursor } from '../format/record-batch/index.ts'
import type { EventReader, TopicInfo } from '../ports/event-log.ts'
import { Acknowledger } from './acknowledge.ts'
import { CommitQueue, type CommittedRange } from './commit-queue.ts'
import { consumerGroupOf } from './connector/connector.ts'
import { type CaptureParts, type OpenedPartition, openPartition } from './open-partition.ts'
import { OpenRange } from './open-range.ts'
import { PartitionCapture } from './partition-capture.ts'
import { Router } from './route.ts'

/** Where a partition's capture stands. */
export interface PartitionStatus {
  topic: string
  partition: number
  /** Next offset to take from the broker. */
  position: bigint
  /** Next offset to archive: everything below is committed. */
  archived: bigint
  /** Where the broker's log ended at the last look. */
  end: bigint
}

/** What a capture did since it was opened. */
export interface CaptureTotals {
  records: number
  segments: number
  bytes: number
}

/** One thread of a capture. */
export interface TaskStatus {
  /** Numbered from 0. */
  task: number
  partitions: number
  /** What stopped it or some of its partitions; null while all is well. */
  error: Error | null
}

export interface RunOptions {
  /** Stop when every partition has reached the end it had when the run began. */
  untilEnd: boolean
}

const openAtOnce = 16
const fetchBytes = 32 * 1024 * 1024
const fetchWaitMs = 250

interface Lane {
  opened: OpenedPartition
  capture: PartitionCapture
  /** With `untilEnd`: the offset at which this partition is done. */
  until: bigint | null
}

/** Streams a connector's topics into the archive until it is stopped. */
export class Capture {
  readonly totals: CaptureTotals = { records: 0, segments: 0, bytes: 0 }
  readonly #parts: CaptureParts
  readonly #lanes: Map<string, Lane>
  readonly #acknowledger: Acknowledger
  /** Aborted when what waits for a store that is out of reach shall give up. */
  readonly #givesUp: AbortController

  private constructor(parts: CaptureParts, opened: readonly { opened: OpenedPartition; end: bigint }[]) {
    this.#parts = parts
    this.#givesUp = new AbortController()
    this.#acknowledger = new Acknowledger(parts.eventLog, consumerGroupOf(parts.connector), parts.log)
    const shared = { pool: new BufferPool(), cursor: new RecordCursor() }
    this.#lanes = new Map(
      opened.map(({ opened: partition, end }) => [
        laneName(partition.identity),
        { opened: partition, capture: this.#partitionCapture(partition, shared), until: end },
      ]),
    )
  }

  /**
   * Finds the topics, reads every partition's log and finishes what an earlier writer left open. Throws NotFoundError
   * `topic-not-found` naming all topics that do not exist.
   */
  static async open(parts: CaptureParts, signal: AbortSignal): Promise<Capture> {
    for (const warning of parts.connector.warnings) parts.log.warn(warning, { connector: parts.connector.name })
    const topics = await describeAll(parts)
    const opened = await concurrently(topics, openAtOnce, async (topic) => {
      const incarnation = await resolveIncarnation(parts.store, topic, parts.clock)
      const bounds = await parts.eventLog.bounds(
        topic,
        Array.from({ length: topic.partitions }, (_, partition) => partition),
      )
      return concurrently(bounds, openAtOnce, async (bound) => ({
        opened: await openPartition(parts, topic, incarnation, bound, signal),
        end: bound.end,
      }))
    })
    return new Capture(parts, opened.flat())
  }

  /** Where every partition stands now. */
  status(): PartitionStatus[] {
    return [...this.#lanes.values()].map(({ capture, opened }) => ({
      topic: capture.topic,
      partition: capture.partition,
      position: capture.position,
      archived: opened.committer.state.archived?.next ?? opened.position,
      end: capture.end,
    }))
  }

  /** How its threads fare. */
  tasks(): TaskStatus[] {
    return [{ task: 0, partitions: this.#lanes.size, error: null }]
  }

  /**
   * Captures until `signal` aborts (everything taken is then committed before it returns) or, with `untilEnd`, until
   * every partition has reached its end. An error closes and commits what can be, and is thrown.
   */
  async run({ untilEnd }: RunOptions, signal: AbortSignal): Promise<CaptureTotals> {
    try {
      do {
        await this.#read(untilEnd, signal)
        await this.#commitAll()
        // a rival that moved a partition's log took our rows out of it; with `untilEnd` it has yet to be seen how far it got
      } while (!signal.aborted && (await this.#takeOver()))
    } catch (error) {
      await this.#commitAll().catch((committing: unknown) => {
        this.#parts.log.error('not everything could be committed', { error: messageOf(committing) })
      })
      throw error
    } finally {
      this.#givesUp.abort()
      await this.#acknowledger.flush()
    }
    return this.totals
  }

  /** One reader's life: until the end, the signal, or a rival that moved a partition's log. */
  async #read(untilEnd: boolean, signal: AbortSignal): Promise<void> {
    const lanes = [...this.#lanes.values()].filter((lane) => !(untilEnd && isDone(lane)))
    if (lanes.length === 0) return
    const reader = await this.#openReader(lanes)
    try {
      while (!signal.aborted) {
        for (const fetch of await reader.next(signal)) this.#lanes.get(laneName(fetch))?.capture.take(fetch)
        this.#tick()
        await this.#holdMemory()
        if (lanes.some(({ capture }) => capture.commits.superseded !== null)) return
        if (untilEnd && this.#closeFinished(reader)) return
      }
    } catch (error) {
      if (!(signal.aborted && isAbort(error, signal))) throw error
    } finally {
      await reader.close()
    }
  }

  #openReader(lanes: readonly Lane[]): Promise<EventReader> {
    const positions = lanes.map(({ opened, capture }) => ({
      topic: capture.topic,
      incarnationId: opened.incarnationId,
      partition: capture.partition,
      offset: capture.position,
      epoch: -1,
    }))
    return this.#parts.eventLog.openReader(positions, { maxBytes: fetchBytes, maxWaitMs: fetchWaitMs })
  }

  #tick(): void {
    const nowMs = this.#parts.clock.nowMs()
    for (const { capture } of this.#lanes.values()) {
      capture.commits.check()
      capture.tick(nowMs)
    }
  }

  /** Over the budget the fullest partition closes; nothing more is read before commits have made room. */
  async #holdMemory(): Promise<void> {
    const captures = [...this.#lanes.values()].map((lane) => lane.capture)
    const { memoryMaxBytes } = this.#parts
    const held = (): number => captures.reduce((bytes, capture) => bytes + capture.heldBytes, 0)
    while (held() > memoryMaxBytes) {
      const fullest = captures.reduce((most, capture) => (capture.openBytes > most.openBytes ? capture : most))
      fullest.close('memory')
      const busy = captures.filter((capture) => capture.commits.length > 0)
      if (busy.length === 0) break
      await Promise.race(busy.map((capture) => capture.commits.settled()))
    }
  }

  /** Closes partitions that have reached their end; true when all have. */
  #closeFinished(reader: EventReader): boolean {
    for (const lane of this.#lanes.values()) {
      if (!isDone(lane)) continue
      lane.capture.close('end')
      reader.pause(lane.capture.topic, lane.capture.partition)
    }
    return [...this.#lanes.values()].every(isDone)
  }

  /** Goes on from where a rival has moved a partition; true when there was one, and reading has to begin anew. */
  async #takeOver(): Promise<boolean> {
    let moved = false
    for (const { opened, capture } of this.#lanes.values()) {
      if (capture.commits.superseded === null) continue
      moved = true
      const { topic, partition } = capture
      const position = await opened.settle()
      this.#parts.log.warn('another writer archived this partition too; going on from where it stands', {
        topic,
        partition,
        position,
      })
      capture.restartAt(position)
      capture.commits.restart()
    }
    return moved
  }

  /** Closes what is open and waits until everything taken is committed, or a rival's. */
  async #commitAll(): Promise<void> {
    const captures = [...this.#lanes.values()].map((lane) => lane.capture)
    for (const capture of captures) capture.close('end')
    await Promise.all(captures.map((capture) => capture.commits.settled()))
  }

  #partitionCapture(opened: OpenedPartition, shared: { pool: BufferPool; cursor: RecordCursor }): PartitionCapture {
    const { connector, clock, log } = this.#parts
    const { identity } = opened
    const writerOptions = { identity, codec: connector.routing.codec, pool: shared.pool }
    const name = laneName(identity)
    return new PartitionCapture({
      topic: identity.topic,
      partition: identity.partition,
      position: opened.position,
      router: new Router(connector.routing),
      rotation: connector.rotation,
      openRange: (from, nowMs) => new OpenRange(from, nowMs, connector.routing.topicsDir, writerOptions),
      cursor: shared.cursor,
      commits: new CommitQueue({
        name,
        committer: opened.committer,
        clock,
        log,
        givesUp: this.#givesUp.signal,
        onCommitted: (range) => this.#committed(opened, range),
      }),
      clock,
    })
  }

  #committed({ identity }: OpenedPartition, range: CommittedRange): void {
    this.totals.records += range.records
    this.totals.segments += range.segments
    this.totals.bytes += range.bytes
    const { topic, partition } = identity
    this.#acknowledger.add({ topic, partition, next: range.next })
    this.#parts.log.info('archived', { topic, partition, ...range })
  }
}

async function describeAll({ connector, eventLog }: CaptureParts): Promise<TopicInfo[]> {
  const found = await eventLog.describe(connector.topics)
  const missing = connector.topics.filter((topic) => !found.some((info) => info.topic === topic))
  if (missing.length === 0) return found
  throw new NotFoundError(
    'topic-not-found',
    `${eventLog.name} has no topic ${missing.join(', ')}, which connector ${connector.name} names`,
    {
      remedy:
        'Create the topic, or take it out of the connector. Topics are named exactly, also in upper and lower case.',
      details: { topics: missing },
    },
  )
}

const isDone = ({ capture, until }: Lane): boolean => until !== null && capture.position >= until

const laneName = ({ topic, partition }: { topic: string; partition: number }): string => `${topic}-${partition}`

const isAbort = (error: unknown, signal: AbortSignal): boolean =>
  error === signal.reason || error instanceof AbortedError

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
