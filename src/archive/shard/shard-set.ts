import { UnavailableError } from '../../errors.ts'
import {
  type PartitionOrder,
  type PartitionPlace,
  type PartitionStatus,
  placeName,
  type Shard,
  type ShardListener,
  type ShardSource,
} from './shard.ts'
import { leastLoaded } from './spread.ts'

/** A shard, perhaps on its way, with what it was given. */
class Slot {
  readonly held = new Map<string, PartitionOrder>()
  opening: Promise<Shard>
  /** Null until it is open. */
  shard: Shard | null = null
  /** It could not be opened because broker or store are away. */
  isAway = false
  readonly #parts: ShardSetParts

  constructor(parts: ShardSetParts) {
    this.#parts = parts
    this.opening = this.#open()
  }

  openAgain(): void {
    this.isAway = false
    this.opening = this.#open()
  }

  #open(): Promise<Shard> {
    const { source, listener } = this.#parts
    const opening = source.open(listener)
    opening.then(
      (shard) => {
        this.shard = shard
      },
      (error: unknown) => {
        this.isAway = isAway(error)
        if (!this.isAway) listener.failed(null, error instanceof Error ? error : new Error(String(error)))
      },
    )
    return opening
  }
}

export interface ShardSetParts {
  source: ShardSource
  listener: ShardListener
  /** Shards at most. */
  shards: number
}

/**
 * The shards of one capture: opened as partitions come. One that cannot be opened because broker or store are away is opened
 * anew for the next partitions; one that cannot be opened for another reason fails the whole, as one that dies does.
 */
export class ShardSet {
  readonly #parts: ShardSetParts
  readonly #slots: Slot[] = []
  #isClosed = false

  constructor(parts: ShardSetParts) {
    this.#parts = parts
  }

  get size(): number {
    return this.#slots.length
  }

  /** Number of the shard that has the partition; null: none. */
  shardOf(place: PartitionPlace): number | null {
    const index = this.#slots.findIndex(({ held }) => held.has(placeName(place)))
    return index < 0 ? null : index
  }

  /** Partitions that some shard has. */
  held(): PartitionOrder[] {
    return this.#slots.flatMap(({ held }) => [...held.values()])
  }

  partitionsOf(shard: number): number {
    return this.#slots[shard]?.held.size ?? 0
  }

  status(): PartitionStatus[] {
    return this.#slots.flatMap(({ shard }) => shard?.status() ?? [])
  }

  /**
   * Divides partitions among the shards; resolves when all are read, or were reported as failed. A shard that is open
   * begins while others still open. Once the set is closed nothing is taken.
   */
  async take(orders: readonly PartitionOrder[]): Promise<void> {
    if (orders.length === 0 || this.#isClosed) return
    this.#openUpTo(Math.min(this.#parts.shards, this.held().length + orders.length))
    const taken = new Map<Slot, PartitionOrder[]>()
    for (const order of orders) {
      const slot = this.#slots[leastLoaded(this.#slots.map(loadOf), order.topic.topic)]!
      slot.held.set(placeName({ topic: order.topic.topic, partition: order.partition }), order)
      taken.set(slot, [...(taken.get(slot) ?? []), order])
    }
    await Promise.all(
      [...taken].map(async ([{ opening }, some]) => {
        const [opened] = await Promise.allSettled([opening])
        if (this.#isClosed) return
        if (opened.status === 'fulfilled') return opened.value.take(some)
        if (!isAway(opened.reason)) throw opened.reason
        const { failed } = this.#parts.listener
        for (const { topic, partition } of some) failed({ topic: topic.topic, partition }, opened.reason)
      }),
    )
  }

  /** Has what was taken of these committed, and lets go of them. */
  async release(places: readonly PartitionPlace[]): Promise<void> {
    await Promise.all(
      this.#slots.map(async ({ opening, held }) => {
        const some = places.filter((place) => held.has(placeName(place)))
        if (some.length === 0) return
        await (await opening).release(some)
        for (const place of some) held.delete(placeName(place))
      }),
    )
  }

  /** Notes that a shard let go of a partition by itself; answers what it was. */
  forget(place: PartitionPlace): PartitionOrder | null {
    for (const { held } of this.#slots) {
      const order = held.get(placeName(place))
      if (order === undefined) continue
      held.delete(placeName(place))
      return order
    }
    return null
  }

  async close(): Promise<void> {
    this.#isClosed = true
    // one that failed to open was thrown to whoever gave it work; the others are closed
    await Promise.allSettled(this.#slots.map(({ opening }) => opening))
    const closings = await Promise.allSettled(this.#slots.map(({ shard }) => shard?.close()))
    await this.#parts.source.close()
    for (const closing of closings) if (closing.status === 'rejected') throw closing.reason
  }

  #openUpTo(count: number): void {
    for (const slot of this.#slots) if (slot.isAway) slot.openAgain()
    while (this.#slots.length < count) this.#slots.push(new Slot(this.#parts))
  }
}

function loadOf({ held }: Slot) {
  const partitions = [...held.values()]
  return {
    partitions: partitions.length,
    ofTopic: (topic: string) => partitions.filter((order) => order.topic.topic === topic).length,
  }
}

/** Broker or store, that is; a thread that cannot be had does not come back by waiting. */
function isAway(error: unknown): error is UnavailableError {
  return error instanceof UnavailableError && /^(broker|store|leader)-/.test(error.code)
}
