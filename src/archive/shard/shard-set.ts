import { type PartitionOrder, type PartitionPlace, type PartitionStatus, placeName, type Shard } from './shard.ts'
import { leastLoaded } from './spread.ts'

/** A shard with what it was given. */
interface Slot {
  shard: Shard
  held: Map<string, PartitionOrder>
}

export interface ShardSetParts {
  /** Shards at most. */
  shards: number
  /** Memory that the segments of all shards together may hold. */
  memoryMaxBytes: number
  openShard(index: number): Promise<Shard>
}

/** The shards of one capture: opened as partitions come, each with its share of the memory. */
export class ShardSet {
  readonly #parts: ShardSetParts
  readonly #slots: Slot[] = []
  readonly #openings: Promise<void>[] = []
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
    return this.#slots.flatMap(({ shard }) => shard.status())
  }

  /**
   * Divides partitions among the shards; resolves when all are read, or were reported as failed. Once the set is closed
   * nothing is taken.
   */
  async take(orders: readonly PartitionOrder[]): Promise<void> {
    if (orders.length === 0 || this.#isClosed) return
    await this.#open(Math.min(this.#parts.shards, this.held().length + orders.length))
    if (this.#isClosed) return
    const taken = new Map<Slot, PartitionOrder[]>()
    for (const order of orders) {
      const slot = this.#slots[leastLoaded(this.#slots.map(loadOf), order.topic.topic)]!
      slot.held.set(placeName({ topic: order.topic.topic, partition: order.partition }), order)
      taken.set(slot, [...(taken.get(slot) ?? []), order])
    }
    await Promise.all([...taken].map(([{ shard }, some]) => shard.take(some)))
  }

  /** Has what was taken of these committed, and lets go of them. */
  async release(places: readonly PartitionPlace[]): Promise<void> {
    await Promise.all(
      this.#slots.map(async ({ shard, held }) => {
        const some = places.filter((place) => held.has(placeName(place)))
        if (some.length === 0) return
        await shard.release(some)
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
    await Promise.allSettled(this.#openings)
    await Promise.all(this.#slots.map(({ shard }) => shard.close()))
  }

  /** Sees to it that there are so many shards. */
  async #open(count: number): Promise<void> {
    while (this.#openings.length < count) {
      const opening = this.#parts.openShard(this.#openings.length).then((shard) => {
        this.#slots.push({ shard, held: new Map() })
      })
      this.#openings.push(opening)
    }
    await Promise.all(this.#openings)
    const share = Math.floor(this.#parts.memoryMaxBytes / this.#slots.length)
    for (const { shard } of this.#slots) shard.limitMemory(share)
  }
}

function loadOf({ held }: Slot) {
  const partitions = [...held.values()]
  return {
    partitions: partitions.length,
    ofTopic: (topic: string) => partitions.filter((order) => order.topic.topic === topic).length,
  }
}
