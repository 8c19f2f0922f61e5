import { setImmediate as eventsHandled } from 'node:timers/promises'
import { concurrently } from '../../catalog/concurrently.ts'
import { ColdstreamError } from '../../errors.ts'
import { RecordCursor } from '../../format/record-batch/index.ts'
import type { EventReader, PartitionBounds, PartitionFetch } from '../../ports/event-log.ts'
import { fetchedBytes, fetchPieces } from '../partition/fetch-pieces.ts'
import { openPartition, type PartitionParts } from '../partition/open-partition.ts'
import { Lane, type LaneSharing } from './lane.ts'
import {
  type PartitionOrder,
  type PartitionPlace,
  type PartitionStatus,
  placeName,
  type Shard,
  type ShardListener,
} from './shard.ts'
import type { MemorySharer, ThreadMemory } from './thread-memory.ts'

const openAtOnce = 16
const fetchBytes = 8 * 1024 * 1024
const fetchWaitMs = 500
/** Taken in at once, as fetched: some milliseconds of work. */
const pieceBytes = 512 * 1024

/** A shard on this very thread: reads all its partitions with one reader, a fetch at a time. Several may share a thread. */
export class LocalShard implements Shard {
  readonly #parts: PartitionParts
  readonly #listener: ShardListener
  readonly #lanes = new Map<string, Lane>()
  /** Partitions whose logs are read now; none of these promises rejects. */
  readonly #opening = new Map<string, Promise<void>>()
  readonly #stop = new AbortController()
  readonly #givesUp = new AbortController()
  readonly #memory: ThreadMemory
  readonly #holders: MemorySharer = () => [...this.#lanes.values()].map(({ capture }) => capture)
  readonly #sharing: LaneSharing
  #reader: EventReader | null = null
  #readerOpening: Promise<EventReader> | null = null
  #running: Promise<void> | null = null

  constructor(parts: PartitionParts, listener: ShardListener, memory: ThreadMemory) {
    this.#parts = parts
    this.#listener = listener
    this.#memory = memory
    memory.join(this.#holders)
    this.#sharing = { pool: memory.pool, cursor: new RecordCursor(), givesUp: this.#givesUp.signal }
  }

  async take(orders: readonly PartitionOrder[]): Promise<void> {
    if (this.#stop.signal.aborted) return
    const openings = orders.map(() => Promise.withResolvers<void>())
    // known at once: a partition may be released before it is open
    for (const [index, order] of orders.entries()) this.#opening.set(orderName(order), openings[index]!.promise)
    try {
      const reader = await this.#startReading()
      const byTopic = Map.groupBy(orders, ({ topic }) => topic.incarnationId)
      await concurrently([...byTopic.values()], openAtOnce, async (some) => {
        const bounds = await this.#boundsOf(some)
        if (bounds === null) return
        await concurrently(some, openAtOnce, async (order, index) => {
          await this.#open(order, bounds[index]!, reader)
          openings[orders.indexOf(order)]!.resolve()
        })
      })
    } finally {
      for (const order of orders) this.#opening.delete(orderName(order))
      for (const { resolve } of openings) resolve()
    }
  }

  async release(places: readonly PartitionPlace[]): Promise<void> {
    await Promise.all(
      places.map(async (place) => {
        await this.#opening.get(placeName(place))
        const lane = this.#lanes.get(placeName(place))
        if (lane === undefined) return
        await this.#leave(lane).catch((error: unknown) => {
          this.#parts.log.error('a partition was let go of although not everything could be committed', {
            ...place,
            error: asError(error).message,
          })
        })
      }),
    )
  }

  status(): readonly PartitionStatus[] {
    return [...this.#lanes.values()].map((lane) => lane.status)
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#opening.values())
    await this.#running
    const lanes = [...this.#lanes.values()]
    await Promise.all(
      lanes.map(async (lane) => {
        try {
          await lane.flush()
        } catch (error) {
          this.#listener.failed(lane.place, asError(error))
        }
      }),
    )
    this.#givesUp.abort()
    this.#memory.leave(this.#holders)
    await this.#reader?.close()
  }

  /** The reader of all partitions; reading begins with the first call. */
  #startReading(): Promise<EventReader> {
    this.#readerOpening ??= this.#openReader()
    return this.#readerOpening
  }

  async #openReader(): Promise<EventReader> {
    const corruptBatches = this.#parts.connector.errors.tolerance === 'all' ? 'gap' : 'refuse'
    const options = { maxBytes: fetchBytes, maxWaitMs: fetchWaitMs, corruptBatches } as const
    const reader = await this.#parts.eventLog.openReader([], options)
    this.#reader = reader
    this.#running = this.#run(reader)
    return reader
  }

  async #boundsOf(orders: readonly PartitionOrder[]): Promise<PartitionBounds[] | null> {
    try {
      const partitions = orders.map(({ partition }) => partition)
      return await this.#parts.eventLog.bounds(orders[0]!.topic, partitions)
    } catch (error) {
      for (const order of orders) this.#listener.failed(placeOf(order), asError(error))
      return null
    }
  }

  /** Never throws: what keeps a partition from being read is reported. */
  async #open(order: PartitionOrder, bounds: PartitionBounds, reader: EventReader): Promise<void> {
    const place = placeOf(order)
    const { pool } = this.#sharing
    try {
      const opened = await openPartition(this.#parts, order.topic, order.incarnation, bounds, pool, this.#stop.signal)
      const until = order.untilEnd ? bounds.end : null
      const lane = new Lane(opened, until, this.#parts, this.#sharing, (range) =>
        this.#listener.committed({ ...place, ...range }),
      )
      reader.add([lane.readPosition])
      this.#lanes.set(placeName(place), lane)
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#listener.failed(place, asError(error))
    }
  }

  /** Reads until the shard is closed. An error that is not a partition's own ends it. */
  async #run(reader: EventReader): Promise<void> {
    const { signal } = this.#stop
    try {
      while (!signal.aborted) {
        const fetched = await this.#next(reader)
        const lanes = fetched.map((fetch) => this.#lanes.get(placeName(fetch)))
        const turns = lanes.map((lane) => lane?.turn)
        for (const [index, fetch] of fetched.entries()) await this.#deliver(fetch, lanes[index], turns[index])
        this.#tick()
      }
    } catch (error) {
      if (!signal.aborted) this.#listener.failed(null, asError(error))
    }
  }

  /** What the reader has; nothing when a partition of it failed, which is then reported. */
  async #next(reader: EventReader): Promise<PartitionFetch[]> {
    try {
      return await reader.next(this.#stop.signal)
    } catch (error) {
      const lane = this.#laneOf(error)
      if (lane === undefined) throw error
      this.#fail(lane, asError(error))
      return []
    }
  }

  /** The partition that an error is about. */
  #laneOf(error: unknown): Lane | undefined {
    if (!(error instanceof ColdstreamError)) return undefined
    const { topic, partition } = error.details
    if (partition === undefined) {
      // the topic is gone, and all its partitions: one after the other is told
      return [...this.#lanes.values()].find((lane) => lane.place.topic === topic && lane.state === 'reading')
    }
    return this.#lanes.get(placeName({ topic: String(topic), partition: Number(partition) }))
  }

  /** Has a lane take what was fetched for its present turn; uploads and their answers go on between two pieces. */
  async #deliver(fetch: PartitionFetch, lane: Lane | undefined, turn: number | undefined): Promise<void> {
    for (const piece of fetchPieces(fetch, pieceBytes)) {
      if (lane?.state !== 'reading' || lane.turn !== turn) return
      try {
        lane.capture.take(piece)
      } catch (error) {
        this.#fail(lane, asError(error))
      }
      await eventsHandled()
      await this.#memory.tookIn(this.#holders, fetchedBytes(piece))
    }
  }

  /** Lets the clock close what it closes, and looks what became of commits. */
  #tick(): void {
    const nowMs = this.#parts.clock.nowMs()
    for (const lane of this.#lanes.values()) {
      if (lane.state !== 'reading') continue
      const { commits } = lane.capture
      if (commits.failure !== null) this.#fail(lane, asError(commits.failure))
      else if (commits.superseded !== null) this.#recover(lane)
      else if (lane.isAtEnd) this.#finish(lane)
      else lane.capture.tick(nowMs)
    }
  }

  /** Goes on from where a rival has moved a partition. */
  #recover(lane: Lane): void {
    lane.state = 'recovering'
    this.#reader?.remove(lane.place.topic, lane.place.partition)
    lane.recover().then(
      () => {
        const { position } = lane.capture
        this.#parts.log.warn('another writer archived this partition too; going on from where it stands', {
          ...lane.place,
          position,
        })
        if (lane.state !== 'recovering') return
        lane.state = 'reading'
        this.#reader?.add([lane.readPosition])
      },
      (error: unknown) => this.#fail(lane, asError(error)),
    )
  }

  /** Commits the rest of a partition that has reached its end; a rival may turn out to have been faster. */
  #finish(lane: Lane): void {
    lane.state = 'finishing'
    this.#reader?.remove(lane.place.topic, lane.place.partition)
    lane.flush().then(
      () => {
        if (lane.state !== 'finishing') return
        if (lane.capture.commits.superseded !== null) return this.#recover(lane)
        lane.state = 'done'
        this.#listener.finished(lane.place)
      },
      (error: unknown) => this.#fail(lane, asError(error)),
    )
  }

  /** Reports a partition's failure after everything before it was committed. */
  #fail(lane: Lane, error: Error): void {
    if (lane.state === 'leaving') return
    this.#leave(lane)
      // what could not be committed either is read again; the first error is the one to tell
      .catch((committing: unknown) => {
        if (committing === error) return
        this.#parts.log.error('not everything could be committed', {
          ...lane.place,
          error: asError(committing).message,
        })
      })
      .then(() => this.#listener.failed(lane.place, error))
  }

  async #leave(lane: Lane): Promise<void> {
    const wasReading = lane.state === 'reading'
    lane.state = 'leaving'
    if (wasReading) this.#reader?.remove(lane.place.topic, lane.place.partition)
    try {
      await lane.flush()
    } finally {
      this.#lanes.delete(placeName(lane.place))
    }
  }
}

function placeOf({ topic, partition }: PartitionOrder): PartitionPlace {
  return { topic: topic.topic, partition }
}

function orderName(order: PartitionOrder): string {
  return placeName(placeOf(order))
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
