import { createHash } from 'node:crypto'
import { DamagedDataError } from '../errors.ts'
import type { GapSet } from '../format/gap-set.ts'
import { JsonFields } from '../format/json-fields.ts'
import {
  gapSetToJson,
  intendToJson,
  LOG_VERSION,
  readCommitted,
  readGapSet,
  readIntend,
  refuseNewer,
  toJson,
} from '../format/log-codec.ts'
import type { CommittedSegment } from '../format/segment.ts'
import { impossible, type LogHead } from './log-state.ts'
import { seqName } from './numbered-log.ts'

/**
 * What the entries `firstSeq .. head.nextSeq - 1` add to the log: a pure function of the entries, so that writers who
 * race write the same bytes. It never says more than the entries do; losing one costs time only.
 */
export interface Checkpoint {
  firstSeq: number
  /** The next offset to archive before the first of these entries; null when nothing was archived. */
  nextBefore: bigint | null
  /** After the last of them. */
  head: LogHead
  segments: CommittedSegment[]
  gaps: GapSet[]
}

/** Entries between checkpoints. */
export const ENTRIES_PER_CHECKPOINT = 64
/** Most blocks (of ENTRIES_PER_CHECKPOINT entries) that one checkpoint spans: keeps the largest objects a few MB. */
const WIDEST = 64
const DAMAGED = 'checkpoint-damaged'

/**
 * Blocks that the checkpoint after block `k` (counted from 1) spans, those just before it: the largest power of two that
 * divides `k`, as in a Fenwick tree. So a log of n blocks is the sum of about log2(64) + n / 64 checkpoints, and each block
 * is written at most 7 times over instead of n times.
 */
export function checkpointWidth(k: number): number {
  let width = 1
  while (width < WIDEST && k % (width * 2) === 0) width *= 2
  return width
}

/** The checkpoints that add up to the first `k` blocks, ascending. */
export function checkpointsUpTo(k: number): number[] {
  const needed: number[] = []
  for (let at = k; at > 0; at -= checkpointWidth(at)) needed.push(at)
  return needed.reverse()
}

/** Path of the checkpoint whose last entry is `seq`. */
export function checkpointPath(prefix: string, seq: number): string {
  return `${prefix}${seqName(seq)}.checkpoint.json`
}

/** Puts what follows behind what came before. Throws DamagedDataError when they do not meet. */
export function join(before: Checkpoint, after: Checkpoint, object: string): Checkpoint {
  if (after.firstSeq !== before.head.nextSeq || after.nextBefore !== (before.head.archived?.next ?? null)) {
    throw impossible(object, `it begins at entry ${after.firstSeq}, offset ${after.nextBefore}`)
  }
  return {
    firstSeq: before.firstSeq,
    nextBefore: before.nextBefore,
    head: after.head,
    segments: before.segments.concat(after.segments),
    gaps: before.gaps.concat(after.gaps),
  }
}

/** JSON whose last field is the checksum of all that stands before it. */
export function encodeCheckpoint(checkpoint: Checkpoint): Buffer {
  const { head, ...span } = checkpoint
  const body = toJson({
    version: LOG_VERSION,
    kind: 'checkpoint',
    ...span,
    nextSeq: head.nextSeq,
    archived: head.archived,
    openIntent: head.openIntent === null ? null : intendToJson(head.openIntent),
    gaps: checkpoint.gaps.map(gapSetToJson),
  })
  const open = body.subarray(0, body.lastIndexOf('}'))
  return Buffer.concat([open, Buffer.from(`,"sha256":"${sha256(open)}"}\n`)])
}

/** Throws DamagedDataError `checkpoint-damaged`, or `log-entry-newer` when a later version of this program wrote it. */
export function decodeCheckpoint(path: string, bytes: Buffer): Checkpoint {
  const fields = JsonFields.parse(DAMAGED, path, bytes)
  refuseNewer(fields, path)
  fields.oneOf('kind', ['checkpoint'])
  const open = bytes.subarray(0, bytes.lastIndexOf(',"sha256":"'))
  if (fields.text('sha256') !== sha256(open)) {
    throw new DamagedDataError(DAMAGED, `${path} does not have the checksum that it states`, {
      remedy: 'Delete this object: it only repeats what the log entries say, which are read instead.',
      details: { object: path },
    })
  }
  const archived = fields.has('archived') ? fields.object('archived') : null
  return {
    firstSeq: fields.count('firstSeq'),
    nextBefore: fields.has('nextBefore') ? fields.offset('nextBefore') : null,
    head: {
      nextSeq: fields.count('nextSeq'),
      archived: archived && { from: archived.offset('from'), next: archived.offset('next') },
      openIntent: fields.has('openIntent') ? readIntend(fields.object('openIntent'), path) : null,
    },
    segments: fields.list('segments', readCommitted),
    gaps: fields.list('gaps', (gap) => readGapSet(gap, path)),
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
