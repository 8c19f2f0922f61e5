import { fileURLToPath } from 'node:url'
import type { CommittedSegment } from '../format/segment.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { KeyFilters } from './key-filters.ts'

/** Makes segments readable as local files, below a folder at the archive's own relative paths. */
export interface SegmentFiles {
  readonly folder: string
  /** The files are there, and stay until released. Throws DamagedDataError, UnavailableError, InvalidInputError. */
  hold(segments: readonly CommittedSegment[], signal: AbortSignal): Promise<HeldFiles>
  /** Leaves out segments that hold no row of these keys, where finding that out costs less than to read them. Throws as `hold`. */
  withKeys<Segment extends CommittedSegment>(
    segments: readonly Segment[],
    keys: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<readonly Segment[]>
  /** Whether the files are copies, which were held to the commits' checksums. */
  readonly areCopies: boolean
  /** A copy of the segment that is here, maybe damaged since; null where there is none. */
  copyOf(segment: CommittedSegment): Promise<Buffer | null>
}

export interface HeldFiles {
  release(): void
}

/** Segments of an archive on this machine's file system, read where they are. */
export function filesInPlace(store: Pick<ObjectStore, 'url' | 'getRange'>): SegmentFiles {
  const filters = new KeyFilters(store)
  return {
    folder: fileURLToPath(store.url),
    hold: async () => ({ release: () => undefined }),
    // what cannot be kept would be read for each question, as the engine does by itself
    withKeys: async (segments, keys, signal) =>
      filters.haveRoomFor(segments) ? await filters.narrow(segments, keys, signal) : segments,
    areCopies: false,
    copyOf: async () => null,
  }
}
