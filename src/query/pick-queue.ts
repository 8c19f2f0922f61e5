import type { CommittedSegment } from '../format/segment.ts'
import { whenAllAbort } from './until-aborted.ts'

/** A segment, and whose rows it holds. */
export interface PartitionSegment {
  partition: number
  segment: CommittedSegment
}

/** Offsets that were picked, ascending, by partition. */
export type PickedOffsets = ReadonlyMap<number, BigInt64Array>

/** Looks through segments by one statement. */
export type Look = (segments: readonly PartitionSegment[], signal: AbortSignal) => Promise<PickedOffsets>

/** Segments of a partition, one after the other, of which the first one is waited for. */
export interface Asked {
  partition: number
  segments: readonly CommittedSegment[]
  signal: AbortSignal
  /** Told when a statement looks through so many of them, from the first one on. */
  begun(segments: number, answer: Promise<Answer>): void
}

/** What a statement says of all segments that it looked through, one or several. */
export interface Answer {
  segments: number
  result: PromiseSettledResult<PickedOffsets>
}

// Through so much a statement looks, the first one and later ones. To start one takes as long as to look through the
// former; the latter takes about a second, and its offsets stay a few megabytes.
const firstBytes = 16 * 1024 * 1024
const maxBytes = 64 * 1024 * 1024
const maxRecords = 2_000_000
/** To open a file takes as long as to look through so much of it. */
const openingBytes = 64 * 1024

/**
 * Segments that are to be looked through for the same condition, whatever partitions, shares and replays ask. Each
 * statement takes all that waits when its turn comes, and then what will be asked for next: more and more at a time, so
 * that the first answer comes soon.
 */
export class PickQueue {
  readonly #look: Look
  readonly #takeSlot: () => Promise<() => void>
  readonly #waiting = new Set<Asked>()
  #running = 0
  #bytes = firstBytes

  /** `takeSlot`: waits until one more statement may run; resolves with what ends its turn. */
  constructor(look: Look, takeSlot: () => Promise<() => void>) {
    this.#look = look
    this.#takeSlot = takeSlot
  }

  /** Whoever begins to ask, and is the only one, gets a first answer soon. */
  begin(): void {
    if (this.#running === 0 && this.#waiting.size === 0) this.#bytes = firstBytes
  }

  /** An asker whose signal aborts before a statement has begun is told nothing any more. */
  ask(asked: Asked): void {
    this.#waiting.add(asked)
    void this.#serve()
  }

  async #serve(): Promise<void> {
    const leave = await this.#takeSlot()
    this.#running++
    try {
      const batch = this.#nextBatch()
      if (batch.size > 0) await this.#lookThrough(batch)
    } finally {
      this.#running--
      leave()
    }
  }

  async #lookThrough(batch: Batch): Promise<void> {
    const { signal, done } = whenAllAbort([...batch.askers.keys()].map((asked) => asked.signal))
    const looking = Promise.allSettled([this.#look(batch.segments, signal)])
    const answer = looking.then(([result]) => ({ segments: batch.size, result: result! }))
    for (const [asked, segments] of batch.askers) asked.begun(segments, answer)
    await answer
    done()
  }

  #nextBatch(): Batch {
    const batch = new Batch(this.#bytes)
    for (const asked of this.#waiting) {
      if (!asked.signal.aborted && !batch.add(asked)) return batch
      this.#waiting.delete(asked)
    }
    while (batch.addBehindAll());
    if (batch.size > 0) this.#bytes = Math.min(maxBytes, this.#bytes * 2)
    return batch
  }
}

/** What one statement looks through. */
class Batch {
  /** Those that are answered, and how many of their segments are. */
  readonly askers = new Map<Asked, number>()
  readonly #segments = new Map<string, PartitionSegment>()
  readonly #maxBytes: number
  #bytes = 0
  #records = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#segments.size
  }

  get segments(): PartitionSegment[] {
    return [...this.#segments.values()]
  }

  /** Takes the next segment that somebody asks for; false when there is none, or no room for it. */
  add(asked: Asked): boolean {
    const taken = this.askers.get(asked) ?? 0
    const segment = asked.segments[taken]
    if (segment === undefined) return false
    if (!this.#segments.has(segment.path)) {
      const bytes = this.#bytes + segment.bytes + openingBytes
      const records = this.#records + segment.records
      if (this.size > 0 && (bytes > this.#maxBytes || records > maxRecords)) return false
      this.#segments.set(segment.path, { partition: asked.partition, segment })
      this.#bytes = bytes
      this.#records = records
    }
    this.askers.set(asked, taken + 1)
    return true
  }

  /** Takes one more segment of everybody, as far as there is room; false when nothing was taken. */
  addBehindAll(): boolean {
    return [...this.askers.keys()].filter((asked) => this.add(asked)).length > 0
  }
}
