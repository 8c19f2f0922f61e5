import { fileURLToPath } from 'node:url'
import type { CommittedSegment } from '../format/segment.ts'

/** Makes segments readable as local files, below a folder at the archive's own relative paths. */
export interface SegmentFiles {
  readonly folder: string
  /** The files are there, and stay until released. Throws DamagedDataError, UnavailableError, InvalidInputError. */
  hold(segments: readonly CommittedSegment[], signal: AbortSignal): Promise<HeldFiles>
  /**
   * Leaves out segments that hold no row of these keys, where finding that out costs less than their bytes. Absent where
   * the bytes are at hand. Throws as `hold`.
   */
  withKeys?<Segment extends CommittedSegment>(
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
export function filesInPlace(url: string): SegmentFiles {
  return {
    folder: fileURLToPath(url),
    hold: async () => ({ release: () => undefined }),
    areCopies: false,
    copyOf: async () => null,
  }
}
