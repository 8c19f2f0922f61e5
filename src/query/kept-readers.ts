import { DamagedDataError, NotFoundError } from '../errors.ts'
import { damagedSegment, hasCommittedExtent, SegmentReader } from '../format/parquet/index.ts'
import type { CommittedSegment } from '../format/segment.ts'
import type { ObjectStore } from '../ports/object-store.ts'

/** Objects up to this size are brought, or looked through, as fast as asked about. */
export const SMALL_BYTES: number = 64 * 1024
/** What is read first: the footer, as a rule. */
const TAIL_BYTES = 16 * 1024
/** Of all that is kept. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024

/** Reads parts of segments in a store, and keeps what was read of their ends and filters of keys, as far as there is room. */
export class KeptReaders {
  readonly #store: Pick<ObjectStore, 'getRange'>
  readonly #maxKeptBytes: number
  /** By the segments' checksums, least recently used first. */
  readonly #kept = new Map<string, SegmentReader>()
  #keptBytes = 0

  constructor(store: Pick<ObjectStore, 'getRange'>, maxKeptBytes = MAX_KEPT_BYTES) {
    this.#store = store
    this.#maxKeptBytes = maxKeptBytes
  }

  /** Whether what tells of all their keys can be kept, so that the next question about them costs next to nothing. */
  haveRoomFor(segments: readonly CommittedSegment[]): boolean {
    return segments.reduce((sum, segment) => sum + expectedBytes(segment), 0) <= this.#maxKeptBytes
  }

  /** Whether nothing has to be read to tell of the segment's keys. */
  areKeptOf({ sha256 }: CommittedSegment): boolean {
    return this.#kept.has(sha256)
  }

  /** `keeps`: with its filters of keys, for later. Throws DamagedDataError `segment-damaged` or `segment-missing`, and what the store throws. */
  async open(segment: CommittedSegment, keeps: boolean): Promise<SegmentReader> {
    const { path, bytes, sha256 } = segment
    const kept = this.#kept.get(sha256)
    if (kept !== undefined) {
      this.#kept.delete(sha256)
      this.#kept.set(sha256, kept)
      return kept
    }
    const source = { path, bytes, read: (start: number, end: number) => this.#read(path, start, end) }
    const reader = await SegmentReader.open(source, { tailBytes: TAIL_BYTES })
    if (!hasCommittedExtent(reader, segment)) throw damagedSegment(path, 'it holds other rows than were committed')
    if (keeps) {
      await reader.holdKeyFilters()
      this.#keep(sha256, reader)
    }
    return reader
  }

  async #read(path: string, start: number, end: number): Promise<Buffer> {
    try {
      return await this.#store.getRange(path, start, end)
    } catch (error) {
      throw error instanceof NotFoundError && error.code === 'object-not-found' ? missing(path, error) : error
    }
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

function missing(path: string, cause: unknown): DamagedDataError {
  return new DamagedDataError('segment-missing', `The segment ${path} is not in the store.`, {
    remedy:
      'Restore the object from a backup or an older version in the object store; `coldstream verify` names all that are missing.',
    cause,
    details: { path },
  })
}
