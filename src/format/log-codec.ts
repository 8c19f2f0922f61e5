import { DamagedDataError } from '../errors.ts'
import { objectPathFault } from '../ports/object-path.ts'
import type { GapReason } from '../ports/record-block.ts'
import { type GapSet, unpackGapSet } from './gap-set.ts'
import { JsonFields } from './json-fields.ts'
import type { CommitEntry, IntendEntry, LogEntry, ParquetCodec, Routing } from './log-entry.ts'
import type { CommittedSegment, PlannedSegment } from './segment.ts'

/** Version of the log's JSON that this program writes, and the newest that it reads. */
export const LOG_VERSION = 1

const DAMAGED = 'log-entry-damaged'
const REASONS: readonly GapReason[] = [
  'control',
  'aborted',
  'compacted',
  'retention',
  'truncated',
  'corrupt',
  'unreadable',
  'ignored',
  'skipped',
]
const CODECS: readonly ParquetCodec[] = ['zstd', 'snappy', 'gzip', 'none']

/** The entry as the bytes of its object: JSON, offsets as decimal strings. */
export function encodeEntry(entry: LogEntry): Buffer {
  return toJson({ version: LOG_VERSION, ...entry, gaps: entry.gaps.map(gapSetToJson) })
}

/**
 * The entry that the object `path` holds. Throws DamagedDataError `log-entry-damaged` naming it, or
 * `log-entry-newer` when a later version of this program wrote it.
 */
export function decodeEntry(path: string, bytes: Uint8Array): LogEntry {
  const fields = JsonFields.parse(DAMAGED, path, bytes)
  refuseNewer(fields, path)
  const kind = fields.text('kind')
  if (kind === 'intend') return readIntend(fields, path)
  if (kind === 'commit') return readCommit(fields, path)
  throw newer(path, `of the kind ${JSON.stringify(kind.slice(0, 40))}`)
}

/** Throws DamagedDataError `log-entry-newer` when the object's version is beyond LOG_VERSION. */
export function refuseNewer(fields: JsonFields, path: string): void {
  const version = fields.count('version')
  if (version > LOG_VERSION) throw newer(path, `in version ${version}`)
  if (version < 1) throw fields.damaged('version', 'is unknown')
}

/** An open intent, as a field of a checkpoint and as an entry of its own. */
export function readIntend(fields: JsonFields, path: string): IntendEntry {
  return {
    kind: 'intend',
    ...readHead(fields),
    from: fields.offset('from'),
    next: fields.offset('next'),
    routing: readRouting(fields.object('routing')),
    segments: fields.list('segments', readPlanned),
    gaps: fields.list('gaps', (gap) => readGapSet(gap, path)),
  }
}

/** The intent in the shape that `toJson` writes. */
export function intendToJson(entry: IntendEntry): object {
  return { ...entry, gaps: entry.gaps.map(gapSetToJson) }
}

export function readCommitted(fields: JsonFields): CommittedSegment {
  const sha256 = fields.text('sha256')
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw fields.damaged('sha256', 'is no checksum')
  return {
    ...readPlanned(fields),
    minTimestampMs: fields.integer('minTimestampMs'),
    maxTimestampMs: fields.integer('maxTimestampMs'),
    bytes: fields.count('bytes'),
    sha256,
  }
}

/** A gap set whose runs were followed to their end. */
export function readGapSet(fields: JsonFields, path: string): GapSet {
  const set: GapSet = {
    reason: fields.oneOf('reason', REASONS),
    firstOffset: fields.offset('firstOffset'),
    lastOffset: fields.offset('lastOffset'),
    offsets: fields.offset('offsets'),
    runs: fields.has('runs') ? fields.text('runs') : '',
  }
  let runs = 0
  for (const _ of unpackGapSet(set, path)) runs++
  if (runs === 1 && set.runs !== '') throw fields.damaged('runs', 'says of one run what needs no saying')
  return set
}

/** The set without what is empty. */
export function gapSetToJson(set: GapSet): object {
  const { runs, ...rest } = set
  return runs === '' ? rest : set
}

/** JSON with bigints as decimal strings, and a line end so that people can print it. */
export function toJson(value: object): Buffer {
  return Buffer.from(
    `${JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? field.toString() : field))}\n`,
  )
}

function readCommit(fields: JsonFields, path: string): CommitEntry {
  return {
    kind: 'commit',
    ...readHead(fields),
    intent: fields.count('intent'),
    segments: fields.list('segments', readCommitted),
    gaps: fields.list('gaps', (gap) => readGapSet(gap, path)),
  }
}

function readHead(fields: JsonFields): { seq: number; writer: string; at: string } {
  return { seq: fields.count('seq'), writer: fields.text('writer'), at: fields.text('at') }
}

function readPlanned(fields: JsonFields): PlannedSegment {
  const path = fields.text('path')
  const fault = objectPathFault(path)
  if (fault !== null) throw fields.damaged('path', fault)
  const segment = {
    path,
    firstOffset: fields.offset('firstOffset'),
    lastOffset: fields.offset('lastOffset'),
    records: fields.count('records'),
  }
  if (segment.lastOffset < segment.firstOffset) throw fields.damaged('lastOffset', 'is below firstOffset')
  if (BigInt(segment.records) > segment.lastOffset - segment.firstOffset + 1n) {
    throw fields.damaged('records', 'is more than the offsets have room for')
  }
  return segment
}

function readRouting(fields: JsonFields): Routing {
  const partitionDurationMs = fields.count('partitionDurationMs')
  if (partitionDurationMs === 0) throw fields.damaged('partitionDurationMs', 'is zero')
  return {
    topicsDir: fields.text('topicsDir'),
    pathFormat: fields.text('pathFormat'),
    timezone: fields.text('timezone'),
    partitionDurationMs,
    timestampField: fields.has('timestampField') ? fields.text('timestampField') : null,
    codec: fields.oneOf('codec', CODECS),
  }
}

function newer(path: string, what: string): DamagedDataError {
  return new DamagedDataError('log-entry-newer', `${path} was written by a newer version of Coldstream (${what})`, {
    remedy: 'Run the newest version of Coldstream that works on this archive.',
    details: { object: path },
  })
}
