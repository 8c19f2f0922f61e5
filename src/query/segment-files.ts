import { fileURLToPath } from 'node:url'
import type { CommittedSegment } from '../format/segment.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { KeptReaders } from './kept-readers.ts'
import { mayHoldKeys } from './key-filters.ts'
import type { KeyRows, KeysInWindow } from './key-rows.ts'

/** Makes segments readable as local files, below a folder at the archive's own relative paths. */
export interface SegmentFiles {
  readonly folder: string
  /** The files are there, and stay until released. Throws DamagedDataError, UnavailableError, InvalidInputError. */
  hold(segments: readonly CommittedSegment[], signal: AbortSignal): Promise<HeldFiles>
  /** Looks for the rows with some keys, as far as that costs less than to have the engine read all. Throws as `hold`. */
  withKeys<Segment extends CommittedSegment>(
    segments: readonly Segment[],
    wanted: KeysInWindow,
    signal: AbortSignal,
  ): Promise<FoundByKeys<Segment>>
  /** Whether the files are copies, which were held to the commits' checksums. */
  readonly areCopies: boolean
  /** A copy of the segment that is here, maybe damaged since; null where there is none. */
  copyOf(segment: CommittedSegment): Promise<Buffer | null>
}

export interface FoundByKeys<Segment> {
  /** Those that may hold such rows. */
  segments: readonly Segment[]
  /** The rows themselves, where it costs less to read them than the segments; else null. */
  rows: KeyRows | null
}

export interface HeldFiles {
  release(): void
}

/** Segments of an archive on this machine's file system, read where they are. */
export function filesInPlace(store: Pick<ObjectStore, 'url' | 'getRange'>): SegmentFiles {
  const readers = new KeptReaders(store)
  return {
    folder: fileURLToPath(store.url),
    hold: async () => ({ release: () => undefined }),
    // what cannot be kept would be read for each question, as the engine does by itself; it reads rows faster, too
    withKeys: async (segments, { keys }, signal) => ({
      segments: readers.haveRoomFor(segments) ? await mayHoldKeys(readers, segments, keys, signal) : segments,
      rows: null,
    }),
    areCopies: false,
    copyOf: async () => null,
  }
}
