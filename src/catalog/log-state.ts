import { DamagedDataError } from '../errors.ts'
import type { GapSet } from '../format/gap-set.ts'
import type { CommitEntry, IntendEntry, LogEntry } from '../format/log-entry.ts'
import type { CommittedSegment } from '../format/segment.ts'

/** Where a partition's log stands: all that a writer needs to know. */
export interface LogHead {
  /** Number that the next entry will have. */
  nextSeq: number
  /** Offsets `[from, next)` are archived: each is a row or an explained gap. Null before the first commit. */
  archived: ArchivedRange | null
  /** The intent that has no commit yet; to be finished before anything else. */
  openIntent: IntendEntry | null
}

export interface ArchivedRange {
  from: bigint
  /** The next offset to archive. */
  next: bigint
}

/** Everything that a partition's log says. */
export interface LogState extends LogHead {
  /** In order of their commits. Ones with 0 records hold nothing; they keep a path taken. */
  segments: CommittedSegment[]
  /** In order of their commits, one set per commit and reason. */
  gaps: GapSet[]
}
