import { concurrently } from '../catalog/concurrently.ts'
import { keysWithin, maxProbedKeys, SegmentReader, sortedKeys } from '../format/parquet/index.ts'
import type { CommittedSegment } from '../format/segment.ts'
import type { ObjectStore } from '../ports/object-store.ts'

/** Objects up to this size are brought, or looked through, as fast as asked about. */
const SMALL_BYTES = 64 * 1024
/** What is read first: the footer, as a rule. */
const TAIL_BYTES = 16 * 1024
/** Of all that is kept. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024
/** Segments that are asked at a time; small requests, which wait more than they work. */
const CONCURRENT_LOOKS = 32

/**
 * Tells which segments may hold a row with some keys, by the bounds and bloom filters in their files: two small requests
 * instead of a segment's bytes. What was read is kept, as far as there is room, and answers for other keys as well.
 */
export class KeyFilters {
  readonly #store: Pick<ObjectStore, 'getRange'>
  readonly #maxKeptBytes: number
  /** By the segments' checksums, least recently used first. */
  readonly #kept = new Map<string, SegmentReader>()
  #keptBytes = 0

  constructor(store: Pick<ObjectStore, 'getRange'>, maxKeptBytes = MAX_KEPT_BYTES) {
    this.#store = store
    this.#maxKeptBytes = maxKeptBytes
  }

  /** Whether the filters of all these can be kept, so that the next question about them costs next to nothing. */
  haveRoomFor(segments: readonly CommittedSegment[]): boolean {
    return segments.reduce((sum, segment) => sum + expectedBytes(segment), 0) <= this.#maxKeptBytes
  }

  /** Whether nothing has to be read to answer for the segment. */
  areKeptOf({ sha256 }: CommittedSegment): boolean {
    return this.#kept.has(sha256)
  }

  /**
   * The segments without those that hold no row with one of the keys. Those that `spare` names are not asked. Throws
   * DamagedDataError `segment-damaged`, and what the store throws.
   */
  async narrow<Segment extends CommittedSegment>(
    segments: readonly Segment[],
    keys: readonly Uint8Array[],
    signal: AbortSignal,
    spare: (segment: Segment) => boolean = () => false,
  ): Promise<readonly Segment[]> {
    if (keys.length > maxProbedKeys) return segments
    const { exact } = sortedKeys({ exact: keys.map((key) => Buffer.from(key)), prefixes: [] })
    const keeps = this.haveRoomFor(segments)
    const mayHold = await concurrently(segments, CONCURRENT_LOOKS, async (segment) => {
      signal.throwIfAborted()
      if (segment.bytes <= SMALL_BYTES || spare(segment)) return true
      return await holdsOneOf(await this.#reader(segment, keeps), exact)
    })
    return segments.filter((_, i) => mayHold[i])
  }

  async #reader(segment: CommittedSegment, keeps: boolean): Promise<SegmentReader> {
    const { path, bytes, sha256 } = segment
    const kept = this.#kept.get(sha256)
    if (kept !== undefined) {
      this.#kept.delete(sha256)
      this.#kept.set(sha256, kept)
      return kept
    }
    const source = { path, bytes, read: (start: number, end: number) => this.#store.getRange(path, start, end) }
    const reader = await SegmentReader.open(source, { tailBytes: TAIL_BYTES })
    if (keeps) {
      await reader.holdKeyFilters()
      this.#keep(sha256, reader)
    }
    return reader
  }

  #keep(sha256: string, reader: SegmentReader): void {
    // another question may have brought it meanwhile
    this.#forget(sha256)
    this.#kept.set(sha256, reader)
    this.#keptBytes += reader.heldBytes
    for (const oldest of this.#kept.keys()) {
      if (this.#keptBytes <= this.#maxKeptBytes) return
      this.#forget(oldest)
    }
  }

  #forget(sha256: string): void {
    this.#keptBytes -= this.#kept.get(sha256)?.heldBytes ?? 0
    this.#kept.delete(sha256)
  }
}

/** A filter has one to two bytes a key. */
function expectedBytes({ bytes, records }: CommittedSegment): number {
  return bytes <= SMALL_BYTES ? 0 : TAIL_BYTES + 2 * records
}

async function holdsOneOf(reader: SegmentReader, keys: readonly Buffer[]): Promise<boolean> {
  for (const [index, bounds] of reader.rowGroups.entries()) {
    const { exact } = keysWithin({ exact: keys, prefixes: [] }, bounds)
    if (exact.length > 0 && (await reader.mayHoldKeys(index, exact)).includes(true)) return true
  }
  return false
}
