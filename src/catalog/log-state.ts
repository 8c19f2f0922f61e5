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

/** The head of a log without entries. */
export const EMPTY_HEAD: LogHead = { nextSeq: 0, archived: null, openIntent: null }

/** The head after one more entry. Throws DamagedDataError `log-impossible` naming `object` for an entry that cannot follow. */
export function advance(head: LogHead, entry: LogEntry, object: string): LogHead {
  if (entry.seq !== head.nextSeq)
    throw impossible(object, `it is numbered ${entry.seq} in the place of ${head.nextSeq}`)
  const nextSeq = entry.seq + 1
  if (entry.kind === 'intend') {
    checkIntend(head, entry, object)
    return { ...head, nextSeq, openIntent: entry }
  }
  const intent = head.openIntent
  if (intent === null) throw impossible(object, 'it commits without an open intent')
  checkCommit(intent, entry, object)
  return { nextSeq, archived: { from: head.archived?.from ?? intent.from, next: intent.next }, openIntent: null }
}

function checkIntend(head: LogHead, entry: IntendEntry, object: string): void {
  const open = head.openIntent
  if (open) throw impossible(object, `intent ${open.seq} is not committed yet`)
  if (head.archived && entry.from !== head.archived.next) {
    throw impossible(object, `it begins at offset ${entry.from}, where ${head.archived.next} is the next to archive`)
  }
  if (entry.next <= entry.from) throw impossible(object, `its range ${entry.from}..${entry.next} is empty`)
  checkWithin(entry, entry, object)
  if (new Set(entry.segments.map(({ path }) => path)).size < entry.segments.length) {
    throw impossible(object, 'it names a segment twice')
  }
}

function checkCommit(intent: IntendEntry, entry: CommitEntry, object: string): void {
  if (entry.intent !== intent.seq)
    throw impossible(object, `it commits intent ${entry.intent}, but ${intent.seq} is open`)
  checkWithin(intent, entry, object)
  const planned = intent.segments.map(({ path }) => path)
  if (planned.length !== entry.segments.length || entry.segments.some(({ path }, i) => path !== planned[i])) {
    throw impossible(object, `its segments are not those that intent ${intent.seq} names`)
  }
  let covered = 0n
  for (const { records } of entry.segments) covered += BigInt(records)
  for (const { offsets } of entry.gaps) covered += offsets
  if (covered !== intent.next - intent.from) {
    throw impossible(
      object,
      `its rows and gaps are ${covered} offsets where the range has ${intent.next - intent.from}`,
    )
  }
}

function checkWithin(range: IntendEntry, entry: LogEntry, object: string): void {
  for (const { firstOffset, lastOffset } of [...entry.segments, ...entry.gaps]) {
    if (firstOffset < range.from || lastOffset >= range.next) {
      throw impossible(
        object,
        `offsets ${firstOffset}..${lastOffset} lie outside its range ${range.from}..${range.next - 1n}`,
      )
    }
  }
}

/** The error for an entry or checkpoint that contradicts the rest of its log. */
export function impossible(object: string, problem: string): DamagedDataError {
  return new DamagedDataError('log-impossible', `${object} cannot follow the entries before it: ${problem}`, {
    remedy:
      'Find out who changed the log (objects under log/ are written once and never changed or deleted) and restore it from a backup.',
    details: { object },
  })
}
