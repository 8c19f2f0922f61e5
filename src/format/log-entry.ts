import type { GapSet } from './gap-set.ts'
import type { CommittedSegment, PlannedSegment } from './segment.ts'

/**
 * An entry of a partition's commit log (design section 5). Entries are numbered from 0 without holes; `seq` is the
 * number, and the object's name. In JSON, offsets are decimal strings.
 */
export type LogEntry = IntendEntry | CommitEntry

interface EntryHead {
  seq: number
  /** Random name of the process that wrote it: tells one's own entry from a rival's with the same content. */
  writer: string
  /** When it was written, ISO 8601 UTC; for people, never for decisions. */
  at: string
}

/** Fixes what the rows of `[from, next)` will be before any of them is visible. */
export interface IntendEntry extends EntryHead {
  kind: 'intend'
  from: bigint
  next: bigint
  /** How records were routed to time buckets, so that a successor with other settings builds the same segments. */
  routing: Routing
  segments: PlannedSegment[]
  /** Offsets known to have no row when the intent was written. */
  gaps: GapSet[]
}

/** States what the segments of an intent hold, and so moves the partition's archived position to the intent's `next`. */
export interface CommitEntry extends EntryHead {
  kind: 'commit'
  /** `seq` of the intent. */
  intent: number
  segments: CommittedSegment[]
  /** All offsets of the intent's range that have no row. */
  gaps: GapSet[]
}

/** Everything that decides which path a record goes to. */
export interface Routing {
  /** First folder below the root; the sink's `topics.dir`. */
  topicsDir: string
  /** Joda-style pattern, the sink's `path.format`. */
  pathFormat: string
  /** IANA name. */
  timezone: string
  /** Width of a time bucket. */
  partitionDurationMs: number
  /** Dotted path of the value's JSON field that holds the time; null: the record's own timestamp. */
  timestampField: string | null
  codec: ParquetCodec
}

/** Compression of a segment's pages. */
export type ParquetCodec = 'zstd' | 'snappy' | 'gzip' | 'none'
