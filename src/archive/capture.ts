import { concurrently } from '../catalog/concurrently.ts'
import { resolveIncarnation } from '../catalog/incarnations.ts'
import { NotFoundError, UnavailableError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog, TopicInfo } from '../ports/event-log.ts'
import type { AssignedPartition, GroupMember } from '../ports/group-membership.ts'
import type { Log } from '../ports/log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { Acknowledger } from './acknowledge.ts'
import { type Connector, consumerGroupOf } from './connector/connector.ts'
import { isRefusal, PartitionTroubles } from './partition-troubles.ts'
import {
  type PartitionOrder,
  type PartitionPlace,
  type PartitionStatus,
  placeName,
  type ShardListener,
  type ShardSource,
} from './shard/shard.ts'
import { ShardSet } from './shard/shard-set.ts'
import { chosenTopics, describeTopics } from './topic-choice.ts'

export type { PartitionStatus }

/** What a capture needs of the outside and of its neighbours. */
export interface CaptureParts {
  connector: Connector
  eventLog: EventLog
  store: ObjectStore
  clock: Clock
  log: Log
  /** Shards, which are threads, at most. */
  threads: number
  /** How often topics and their partitions are looked for that were not there before. */
  topicRefreshMs: number
  shards: ShardSource
}

/** What a capture did since it was opened. */
export interface CaptureTotals {
  records: number
  segments: number
  bytes: number
  /** Offsets without a row that may have held data: each is in a gap with its reason. */
  lostOffsets: number
}

/** One thread of a capture. */
export interface TaskStatus {
  /** Numbered from 0. */
  task: number
  partitions: number
  /** Partitions that stopped and stay so until the connector is started again. */
  stoppedPartitions: number
  /** What stopped the first of them; null while all is well. */
  error: Error | null
}

export interface RunOptions {
  /**
   * Stop when every partition has reached the end it had when the run began; all partitions are then this capture's.
   * Otherwise they are divided among all captures of the connector that run anywhere.
   */
  untilEnd: boolean
}

const topicsAtOnce = 16

/** Streams a connector's topics into the archive until it is stopped. */
export class Capture {
  readonly totals: CaptureTotals = { records: 0, segments: 0, bytes: 0, lostOffsets: 0 }
  readonly #parts: CaptureParts
  readonly #topics: readonly TopicInfo[]
  readonly #shards: ShardSet
  readonly #acknowledger: Acknowledger
  readonly #troubles: PartitionTroubles
  /** With `untilEnd`: partitions that are not done. */
  readonly #unfinished = new Set<string>()
  /** Settles when there is nothing left to do, or nothing can be done. */
  readonly #over = Promise.withResolvers<void>()
  /** Aborted when the run ends, for whatever reason. */
  readonly #ending = new AbortController()
  #member: GroupMember | null = null
  #untilEnd = false

  private constructor(parts: CaptureParts, topics: readonly TopicInfo[]) {
    const { connector, eventLog, clock, log, threads } = parts
    this.#parts = parts
    this.#topics = topics
    this.#acknowledger = new Acknowledger(
      (positions) =>
        this.#member?.acknowledge(positions) ?? eventLog.acknowledge(consumerGroupOf(connector), positions),
      log,
    )
    this.#troubles = new PartitionTroubles(clock, (error) => this.#over.reject(error))
    this.#shards = new ShardSet({
      shards: Math.min(threads, connector.tasksMax ?? threads),
      source: parts.shards,
      listener: this.#listener(),
    })
  }

  /** Finds the topics. Throws NotFoundError `topic-not-found` naming all topics that do not exist. */
  static async open(parts: CaptureParts): Promise<Capture> {
    for (const warning of parts.connector.warnings) parts.log.warn(warning, { connector: parts.connector.name })
    return new Capture(parts, await describeTopics(parts.connector, parts.eventLog))
  }

  /** Where every partition stands now that this capture has or had. */
  status(): PartitionStatus[] {
    return this.#shards.status()
  }

  /** How its threads fare. */
  tasks(): TaskStatus[] {
    return Array.from({ length: Math.max(1, this.#shards.size) }, (_, task) => {
      const stopped = this.#troubles.stopped().filter((partition) => partition.task === task)
      const partitions = this.#shards.partitionsOf(task)
      return { task, partitions, stoppedPartitions: stopped.length, error: stopped[0]?.error ?? null }
    })
  }

  /**
   * Captures until `signal` aborts (everything taken is then committed before it returns) or, with `untilEnd`, until
   * every partition has reached its end. A partition that fails does not stop the others; it makes the run fail when
   * that ends, which is at once when no other partition is left.
   */
  async run({ untilEnd }: RunOptions, signal: AbortSignal): Promise<CaptureTotals> {
    this.#untilEnd = untilEnd
    const stopped = () => this.#over.resolve()
    signal.addEventListener('abort', stopped)
    if (signal.aborted) stopped()
    try {
      await Promise.race([untilEnd ? this.#takeAll() : this.#join(this.#ending.signal), this.#over.promise])
      await this.#over.promise
    } finally {
      signal.removeEventListener('abort', stopped)
      this.#ending.abort()
      this.#troubles.close()
      await this.#shards.close()
      await this.#acknowledger.flush()
      await this.#member?.leave()
    }
    for (const { error } of this.#troubles.stopped()) throw error
    return this.totals
  }

  /** All partitions there are, up to their present ends. */
  async #takeAll(): Promise<void> {
    const orders = await this.#ordersOf(this.#topics)
    for (const order of orders) this.#unfinished.add(orderName(order))
    this.#endIfNothingIsLeft()
    await this.#shards.take(orders)
  }

  /** The partitions that the group gives to this member, as they come and go. */
  async #join(signal: AbortSignal): Promise<void> {
    const { eventLog, connector, clock, topicRefreshMs } = this.#parts
    const member = await eventLog.joinGroup({
      group: consumerGroupOf(connector),
      topics: this.#topics.map(({ topic }) => topic),
      listener: {
        assigned: (partitions) => this.#assigned(partitions),
        failed: (error) => this.#over.reject(error),
      },
    })
    // the run may have ended while the group took its time
    if (signal.aborted) return member.leave()
    this.#member = member
    while (connector.topicsRegex !== null && !signal.aborted) {
      await clock.sleep(topicRefreshMs, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error
      })
      if (signal.aborted) return
      try {
        member.subscribe(await chosenTopics(connector, eventLog))
      } catch (error) {
        // the reader says it louder when the brokers stay away
        if (!(error instanceof UnavailableError)) throw error
        this.#parts.log.warn('topics could not be listed, new ones wait', { error: error.message })
      }
    }
  }

  /** Lets go of what is another's now, and takes what is new; the latter goes on after this resolves. */
  async #assigned(partitions: readonly AssignedPartition[]): Promise<void> {
    // at the end everything is let go of anyway
    if (this.#ending.signal.aborted) return
    const wanted = new Map(partitions.map((partition) => [placeName(partition), partition]))
    const held = this.#shards.held()
    const lost = held.filter((order) => wanted.get(orderName(order))?.incarnationId !== order.topic.incarnationId)
    for (const name of this.#troubles.names()) if (!wanted.has(name)) this.#troubles.forget(name)
    await this.#shards.release(lost.map(({ topic, partition }) => ({ topic: topic.topic, partition })))
    await this.#acknowledger.flush()
    const kept = new Set(held.filter((order) => !lost.includes(order)).map(orderName))
    const added = partitions.filter((partition) => {
      const name = placeName(partition)
      return !kept.has(name) && !this.#troubles.has(name)
    })
    await this.#takeOrRetry(added)
  }

  /** What cannot be taken because broker or store are away is tried again, until it can be. */
  async #takeOrRetry(partitions: readonly AssignedPartition[]): Promise<void> {
    try {
      await this.#takeAssigned(partitions)
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error
      this.#parts.log.warn('the group gave partitions that cannot be read yet', { error: error.message })
      for (const partition of partitions)
        this.#troubles.retry(placeName(partition), () => this.#takeOrRetry([partition]))
    }
  }

  async #takeAssigned(partitions: readonly AssignedPartition[]): Promise<void> {
    if (partitions.length === 0) return
    const found = await this.#parts.eventLog.describe([...new Set(partitions.map(({ topic }) => topic))])
    const topics = found.filter(({ incarnationId }) =>
      partitions.some((partition) => partition.incarnationId === incarnationId),
    )
    const orders = await this.#ordersOf(topics)
    const wanted = new Set(partitions.map(placeName))
    await this.#shards.take(orders.filter((order) => wanted.has(orderName(order))))
  }

  /** Every partition of the topics, with the topics' numbers in the archive. */
  async #ordersOf(topics: readonly TopicInfo[]): Promise<PartitionOrder[]> {
    const { store, clock } = this.#parts
    const orders = await concurrently(topics, topicsAtOnce, async (topic) => {
      const incarnation = await resolveIncarnation(store, topic, clock)
      return Array.from({ length: topic.partitions }, (_, partition) => ({
        topic,
        incarnation,
        partition,
        untilEnd: this.#untilEnd,
      }))
    })
    return orders.flat()
  }

  #listener(): ShardListener {
    return {
      committed: ({ topic, partition, ...range }) => {
        this.totals.records += range.records
        this.totals.segments += range.segments
        this.totals.bytes += range.bytes
        this.totals.lostOffsets += Number(range.lostOffsets)
        this.#troubles.succeeded(placeName({ topic, partition }))
        this.#acknowledger.add({ topic, partition, next: range.next })
        this.#parts.log.info('archived', { topic, partition, ...range })
      },
      finished: (place) => {
        this.#unfinished.delete(placeName(place))
        this.#endIfNothingIsLeft()
      },
      failed: (place, error) => (place === null ? this.#over.reject(error) : this.#failed(place, error)),
    }
  }

  #failed(place: PartitionPlace, error: Error): void {
    const { log, connector } = this.#parts
    const name = placeName(place)
    const task = this.#shards.shardOf(place) ?? 0
    const order = this.#shards.forget(place)
    const facts = { connector: connector.name, ...place, error: error.message }
    // a job that is to end does not wait for somebody to grant what it is refused
    const isWaitedFor = error instanceof UnavailableError && !(this.#untilEnd && isRefusal(error))
    if (isWaitedFor && order !== null) {
      const retryMs = this.#troubles.retry(name, () => this.#shards.take([order]))
      log.warn('a partition cannot be captured now and will be tried again', { ...facts, retryMs })
      return
    }
    this.#unfinished.delete(name)
    if (!this.#untilEnd && error instanceof NotFoundError && error.code === 'topic-not-found') {
      // a topic of the same name that comes instead is assigned anew
      log.warn('a topic is gone; what was read of it is archived', facts)
    } else {
      this.#troubles.stop(name, { task, error })
      log.error('a partition stopped; it goes on when the connector is started again', facts)
    }
    this.#endIfNothingIsLeft()
  }

  /** Ends the run when all is done; also when every partition that it has has failed. */
  #endIfNothingIsLeft(): void {
    const isDone = this.#untilEnd && this.#unfinished.size === 0
    const isStuck = this.#troubles.areFinal && this.#shards.held().length === 0
    if (isDone || isStuck) this.#over.resolve()
  }
}

function orderName({ topic, partition }: PartitionOrder): string {
  return placeName({ topic: topic.topic, partition })
}
