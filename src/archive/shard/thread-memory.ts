import { BufferPool } from '../../format/parquet/index.ts'
import type { CommitQueue } from '../partition/commit-queue.ts'
import type { PartitionCapture } from '../partition/partition-capture.ts'

/** What a partition holds, and how it lets go of it. */
export type MemoryHolder = Pick<PartitionCapture, 'heldBytes' | 'openBytes' | 'rawBytes' | 'squeeze'> & {
  /** Hands what is open on to be committed. */
  close(reason: 'memory'): void
  readonly commits: Pick<CommitQueue, 'heldBytes' | 'length' | 'failure' | 'idle'>
}

/** A shard that shares a thread's memory: its partitions. */
export type MemorySharer = () => Iterable<MemoryHolder>

/** So many bytes as fetched may be taken in before it is looked again how much is held. */
const lookEveryBytes = 8 * 1024 * 1024

/**
 * The memory that the segments of all shards of a thread may hold, open or waiting for their commit, and the buffers
 * that they hold it in. A quarter is divided evenly: so much each shard may hold whatever the others do, so that a shard
 * whose store is out of reach does not keep the others from reading. The rest is whoever's needs it.
 */
export class ThreadMemory {
  #maxBytes: number
  #pool = new BufferPool()
  readonly #sharers = new Set<MemorySharer>()
  /** Taken in since it was seen that there is room. */
  #unseenBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.limit(maxBytes)
  }

  get pool(): BufferPool {
    return this.#pool
  }

  limit(maxBytes: number): void {
    this.#maxBytes = maxBytes
    this.#pool.maxIdleBytes = maxBytes / 4
  }

  join(sharer: MemorySharer): void {
    this.#sharers.add(sharer)
  }

  /** A thread without shards keeps no buffers. */
  leave(sharer: MemorySharer): void {
    this.#sharers.delete(sharer)
    if (this.#sharers.size > 0) return
    this.#pool = new BufferPool({ maxIdleBytes: this.#maxBytes / 4 })
  }

  /**
   * To be called for what a shard has taken in, before it takes in more. Now and then it is looked how much is held; the
   * call then lasts until there is room: raw pages are compressed before their time, if that is worth it, then the fullest
   * partition closes, again and again.
   */
  async tookIn(sharer: MemorySharer, bytes: number): Promise<void> {
    this.#unseenBytes += bytes
    if (this.#unseenBytes < Math.min(lookEveryBytes, this.#maxBytes / 16)) return
    if (!this.#hasRoomFor(sharer)) this.#squeeze()
    while (!this.#hasRoomFor(sharer)) {
      const waiting = this.#closeSome(sharer)
      // one that stopped for good keeps its memory until it is let go of, which is about to happen
      if (waiting.length === 0) return
      await Promise.race(waiting.map(({ commits }) => commits.idle()))
    }
    // while there is too much, whoever takes in more has to look
    if (!this.#isOver) this.#unseenBytes = 0
  }

  #squeeze(): void {
    const holders = [...this.#sharers].flatMap((sharer) => [...sharer()])
    if (sum(holders, rawBytes) < this.#maxBytes / 4) return
    for (const holder of holders) holder.squeeze()
  }

  /** Closes what has to be closed for this one to read on; answers the partitions whose commits bring room. */
  #closeSome(sharer: MemorySharer): MemoryHolder[] {
    const borrowers = [...this.#sharers].filter((other) => sum(other(), heldBytes) > this.#assuredBytes)
    const holders = borrowers.flatMap((other) => [...other()]).filter(({ commits }) => commits.failure === null)
    // what waits for its commit is about to be free
    if (this.#claimedBytes(openBytes) > this.#maxBytes) closeFullest(holders)
    // and it depends on nobody else's store
    const own = [...sharer()].filter(({ commits }) => commits.failure === null)
    if (own.every(({ commits }) => commits.length === 0)) closeFullest(own)
    return holders.filter(({ commits }) => commits.length > 0)
  }

  /** How much each shard may hold however much the others do. */
  get #assuredBytes(): number {
    return this.#maxBytes / 4 / this.#sharers.size
  }

  /** All that the shards hold, or are assured of. */
  #claimedBytes(ofHolder: (holder: MemoryHolder) => number): number {
    return sum(this.#sharers, (sharer) => Math.max(this.#assuredBytes, sum(sharer(), ofHolder)))
  }

  get #isOver(): boolean {
    return this.#claimedBytes(heldBytes) > this.#maxBytes
  }

  #hasRoomFor(sharer: MemorySharer): boolean {
    return !this.#isOver || sum(sharer(), heldBytes) <= this.#assuredBytes
  }
}

const heldBytes = (holder: MemoryHolder): number => holder.heldBytes
const openBytes = (holder: MemoryHolder): number => holder.openBytes
const rawBytes = (holder: MemoryHolder): number => holder.rawBytes

function closeFullest(holders: readonly MemoryHolder[]): void {
  const [first, ...others] = holders
  if (first === undefined) return
  others.reduce((most, holder) => (holder.openBytes > most.openBytes ? holder : most), first).close('memory')
}

function sum<Item>(items: Iterable<Item>, bytesOf: (item: Item) => number): number {
  let bytes = 0
  for (const item of items) bytes += bytesOf(item)
  return bytes
}
