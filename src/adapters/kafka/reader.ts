import { randomUUID } from 'node:crypto'
import { AbortedError, ColdstreamError, DamagedDataError, type NotFoundError } from '../../errors.ts'
import { committedRuns } from '../../format/record-batch/index.ts'
import type { EventReader, PartitionFetch, ReaderOptions, ReadPosition } from '../../ports/event-log.ts'
import { Bell } from './bell.ts'
import { brokerRefusal, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { topicNotFound } from './cluster-metadata.ts'
import { buildFetch, type FetchedPartition, fetchApi, parseFetch } from './fetch.ts'
import { gapBelowLog } from './out-of-range.ts'
import type { ReadingPosition } from './reading-position.ts'
import { ReadingPositions } from './reading-positions.ts'
import { ResponseBuffers } from './response-buffers.ts'
import { logTruncated } from './truncation.ts'

/** A topic that brokers do not know is gone after this time; one that was just created may be unknown for a moment. */
const absentGraceMs = 3_000

/** Failures that trying again does not mend, or makes worse. */
const hopelessCodes: ReadonlySet<string> = new Set(['broker-authentication-failed', 'broker-permission-denied'])

export interface KafkaReaderOptions extends ReaderOptions {
  /** How long a partition may fail before `next` throws; two minutes unless told: an election, a broker's restart. */
  giveUpAfterMs?: number
}

/**
 * Reads partitions from their leaders, read-committed. Each broker has one fetch under way, the next one while the last
 * is processed, and no more, so that memory stays within twice `maxBytes`.
 *
 * An error of one partition is thrown after what the others delivered. DamagedDataError and NotFoundError end the
 * reading of that partition (`details.topic`, `details.partition`); after any error `next` may be called again.
 */
export class KafkaReader implements EventReader {
  readonly #cluster: KafkaCluster
  readonly #options: Required<KafkaReaderOptions>
  readonly #lane = `reader-${randomUUID()}`
  readonly #positions = new ReadingPositions()
  readonly #buffers: ResponseBuffers
  /** What was fetched and not taken yet, in the order of arrival, and whose brokers wait for that. */
  #fetched: PartitionFetch[] = []
  /** Buffers that `#fetched` lies in, and those that the caller looks at until it asks again. */
  #filledBuffers: Buffer[] = []
  #lentBuffers: Buffer[] = []
  readonly #errors: Error[] = []
  readonly #busyBrokers = new Set<number>()
  readonly #fullBrokers = new Set<number>()
  readonly #tasks = new Set<Promise<void>>()
  #lookingUp = false
  #closed = false
  readonly #bell = new Bell()

  constructor(cluster: KafkaCluster, positions: readonly ReadPosition[], options: KafkaReaderOptions) {
    this.#cluster = cluster
    this.#positions.add(positions)
    this.#options = { giveUpAfterMs: 120_000, corruptBatches: 'refuse', ...options }
    this.#buffers = new ResponseBuffers(2 * options.maxBytes)
  }

  async next(signal: AbortSignal): Promise<PartitionFetch[]> {
    const deadlineMs = performance.now() + this.#options.maxWaitMs
    for (;;) {
      signal.throwIfAborted()
      if (this.#closed) throw readerClosed()
      if (this.#fetched.length > 0) return this.#take()
      const error = this.#errors.shift()
      if (error !== undefined) throw error
      this.#start()
      if (performance.now() >= deadlineMs) return []
      await this.#bell.heard(this.#waitMs(deadlineMs), signal)
    }
  }

  pause(topic: string, partition: number): void {
    for (const position of this.#positions.named(topic, partition)) position.paused = true
  }

  resume(topic: string, partition: number): void {
    for (const position of this.#positions.named(topic, partition)) position.paused = false
    this.#bell.ring()
  }

  add(positions: readonly ReadPosition[]): void {
    this.#positions.add(positions)
    this.#bell.ring()
  }

  remove(topic: string, partition: number): void {
    for (const position of this.#positions.named(topic, partition)) this.#positions.remove(position)
    this.#fetched = this.#fetched.filter((fetched) => fetched.topic !== topic || fetched.partition !== partition)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#bell.ring()
    await this.#cluster.closeLane(this.#lane)
    await Promise.all(this.#tasks)
    // A task may have opened its connection after the lane was closed.
    await this.#cluster.closeLane(this.#lane)
  }

  /** Gives out what there is and sends the next fetches, so that brokers work while the caller does. */
  #take(): PartitionFetch[] {
    const taken = this.#fetched
    this.#fetched = []
    for (const buffer of this.#lentBuffers) this.#buffers.give(buffer)
    this.#lentBuffers = this.#filledBuffers
    this.#filledBuffers = []
    this.#fullBrokers.clear()
    this.#start()
    return taken
  }

  /** Sends whatever can be sent now. */
  #start(): void {
    const nowMs = performance.now()
    const ready = this.#positions.ready(nowMs)
    const leaderless = ready.filter((position) => position.leader < 0)
    if (leaderless.length > 0 && !this.#lookingUp) this.#run(this.#lookUp(leaderless))
    const led = Map.groupBy(
      ready.filter((position) => position.leader >= 0),
      (position) => position.leader,
    )
    const share = Math.max(1, Math.floor(this.#options.maxBytes / Math.max(1, this.#positions.leaders())))
    for (const [leader, positions] of led) {
      if (this.#busyBrokers.has(leader) || this.#fullBrokers.has(leader)) continue
      this.#run(this.#fetch(leader, positions, share))
    }
  }

  /** Runs a task that handles its own errors; an error it lets through is thrown by `next`. */
  #run(task: Promise<void>): void {
    const settled = task
      .catch((error: unknown) => {
        this.#errors.push(error instanceof Error ? error : new Error(String(error)))
      })
      .then(() => {
        this.#tasks.delete(settled)
        this.#bell.ring()
      })
    this.#tasks.add(settled)
  }

  /** Finds who leads, and whether the topics are still the same ones. */
  async #lookUp(positions: readonly ReadingPosition[]): Promise<void> {
    this.#lookingUp = true
    try {
      await this.#cluster.refresh([...new Set(positions.map((position) => position.identity.topic))])
      for (const position of positions) this.#learnLeader(position)
    } catch (error) {
      for (const position of positions) this.#failed(position, error)
    } finally {
      this.#lookingUp = false
    }
  }

  #learnLeader(position: ReadingPosition): void {
    const { topic, incarnationId } = position.identity
    const told = this.#cluster.metadata.topic(topic)
    const replaced = told !== undefined && told.incarnationId !== incarnationId
    const absent = told === undefined && position.failingForMs(performance.now()) > absentGraceMs
    if (replaced || absent) {
      this.#drop(position, topicNotFound(topic))
      return
    }
    const partition = told?.partitions[position.partition]
    position.leader = partition?.leader ?? -1
    position.leaderEpoch = partition?.leaderEpoch ?? -1
    if (position.leader >= 0) return
    this.#failed(position, brokerRefusal(KafkaCode.leaderNotAvailable, 'the reading', position.name))
  }

  async #fetch(leader: number, positions: readonly ReadingPosition[], maxBytes: number): Promise<void> {
    this.#busyBrokers.add(leader)
    for (const position of positions) position.busy = true
    try {
      const connection = await this.#cluster.connectionTo(leader, this.#lane)
      const request = {
        maxWaitMs: this.#options.maxWaitMs,
        maxBytes,
        positions: positions.map((position) => position.request()),
      }
      const response = await connection.send(
        fetchApi.key,
        fetchApi.version,
        () => buildFetch(request),
        (raw) => parseFetch(raw, (bytes) => this.#buffers.take(bytes)),
      )
      if (response.errorCode !== KafkaCode.none) throw brokerRefusal(response.errorCode, 'a fetch', connection.address)
      const isEmpty = response.partitions.every(({ bytes }) => bytes.length === 0)
      if (isEmpty) this.#buffers.give(response.buffer)
      else this.#filledBuffers.push(response.buffer)
      const byPlace = new Map(positions.map((position) => [placeOf(position.request()), position]))
      const taken = response.partitions.map((fetched) => {
        const position = byPlace.get(placeOf(fetched))
        return position === undefined ? undefined : this.#arrived(position, fetched, leader)
      })
      await Promise.all(taken)
    } catch (error) {
      for (const position of positions) this.#failed(position, error)
    } finally {
      for (const position of positions) position.busy = false
      this.#busyBrokers.delete(leader)
    }
  }

  /** Takes in one partition's part of a response. */
  async #arrived(position: ReadingPosition, fetched: FetchedPartition, from: number): Promise<void> {
    const { topic } = position.identity
    try {
      if (fetched.errorCode === KafkaCode.offsetOutOfRange) return await this.#outOfRange(position, from)
      if (fetched.errorCode !== KafkaCode.none) return this.#refused(position, fetched)
      if (fetched.diverging !== null) {
        const { endOffset } = fetched.diverging
        const cut = endOffset < position.offset ? endOffset : position.offset
        throw logTruncated(topic, position.partition, position.offset, cut)
      }
      position.succeeded()
      if (fetched.bytes.length === 0) return
      const place = { topic, partition: position.partition, from: position.offset }
      const { bytes, aborted, logStartOffset, lastStableOffset } = fetched
      const { runs, next, epoch } = committedRuns({ ...place, bytes, aborted }, this.#options.corruptBatches)
      if (runs.length === 0) return
      if (epoch >= 0) position.lastEpoch = epoch
      // The broker may read further than the stable offset it noted before.
      const end = lastStableOffset > next ? lastStableOffset : next
      this.#deliver(position, { ...place, next, epoch: position.lastEpoch, first: logStartOffset, end, runs }, from)
    } catch (error) {
      this.#failed(position, error)
    }
  }

  #deliver(position: ReadingPosition, delivery: PartitionFetch, broker: number): void {
    if (!this.#positions.has(position)) return
    position.offset = delivery.next
    this.#fetched.push(delivery)
    this.#fullBrokers.add(broker)
    this.#bell.ring()
    this.#positions.moveToEnd(position)
  }

  /** The broker does not have the position: below its log there is a gap to name, above it records were lost. */
  async #outOfRange(position: ReadingPosition, broker: number): Promise<void> {
    const gap = await gapBelowLog(this.#cluster, position)
    position.lastEpoch = -1
    if (gap === null) {
      const refusal = brokerRefusal(KafkaCode.offsetOutOfRange, `offset ${position.offset}`, position.name)
      this.#failed(position, refusal)
      return
    }
    position.succeeded()
    this.#deliver(position, gap, broker)
  }

  #refused(position: ReadingPosition, fetched: FetchedPartition): void {
    const { leader, errorCode } = fetched
    this.#failed(position, brokerRefusal(errorCode, 'the reading', position.name))
    if (leader === null || leader.epoch <= position.leaderEpoch || !this.#cluster.metadata.brokers.has(leader.id))
      return
    position.leader = leader.id
    position.leaderEpoch = leader.epoch
  }

  /** Decides whether to try again; the leader is looked up anew. */
  #failed(position: ReadingPosition, error: unknown): void {
    if (this.#closed || !this.#positions.has(position)) return
    if (error instanceof DamagedDataError && error.code !== 'response-malformed') {
      this.#drop(position, error)
      return
    }
    const lasting = position.failed(performance.now(), this.#options.giveUpAfterMs)
    position.leader = -1
    const hopeless = !(error instanceof ColdstreamError) || hopelessCodes.has(error.code)
    if (!lasting && !hopeless) return
    position.startAfresh()
    // The same failure of many partitions is one error.
    if (!this.#errors.includes(error as Error)) this.#errors.push(error as Error)
  }

  /** Leaves a partition for good. */
  #drop(position: ReadingPosition, error: NotFoundError | DamagedDataError): void {
    this.#positions.remove(position)
    this.#errors.push(error)
  }

  /** How long nothing can happen without a ring: until the deadline, or the next retry before it. */
  #waitMs(deadlineMs: number): number {
    const nowMs = performance.now()
    return Math.max(0, Math.min(deadlineMs, this.#positions.nextRetryMs(nowMs)) - nowMs)
  }
}

function placeOf(of: { topicId: string; partition: number }): string {
  return `${of.topicId}/${of.partition}`
}

function readerClosed(): AbortedError {
  return new AbortedError('reader-closed', 'The reader was closed', { remedy: 'Open another one.' })
}
