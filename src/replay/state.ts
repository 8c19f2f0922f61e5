import { JsonFields } from '../format/json-fields.ts'
import { toJson } from '../format/log-codec.ts'
import { type PartitionProgress, type ReplayProgress, readPartitionProgress } from './progress.ts'

export const replayStates = [
  'pending',
  'planning',
  'running',
  'cancelling',
  'cancelled',
  'completed',
  'failed',
] as const

/** What a replay is at. `planning`: its target is checked and created. */
export type ReplayState = (typeof replayStates)[number]

/** An entry of a replay's state log, `replays/<id>/state/<seq>.json`; the last one is the truth. */
export interface StateEntry {
  seq: number
  state: ReplayState
  /** When it was written, ISO 8601 UTC; for people, never for decisions. */
  at: string
  /** Random name of the start of the replay that wrote it; tells one's own entries from a successor's. */
  writer: string
  /** The broker's identity of the target since it was found fit and empty; null before. */
  targetIncarnation: string | null
  /** What is committed in the target, where the writer of the entry knew it. */
  written: WrittenRecords | null
  /** Why it failed. */
  error: StateError | null
}

/** What a replay emitted, over all its starts. */
export interface WrittenRecords {
  rows: number
  /** Bytes of the records, uncompressed. */
  bytes: number
  /** Time at work. */
  activeMs: number
  partitions: PartitionProgress[]
}

export interface StateError {
  code: string
  message: string
  remedy: string
}

const version = 1

const following: Readonly<Record<ReplayState, readonly ReplayState[]>> = {
  pending: ['planning', 'cancelling', 'failed'],
  // Back to planning: another start takes over, after a crash or because someone asked for it.
  planning: ['running', 'planning', 'cancelling', 'failed'],
  running: ['completed', 'planning', 'cancelling', 'failed'],
  // Completed: it reached its end before it noticed.
  cancelling: ['cancelled', 'cancelling', 'completed', 'failed'],
  cancelled: ['planning'],
  completed: [],
  failed: ['planning'],
}

/** A progress, summed up. */
export function writtenRecords({ activeMs, partitions: byNumber }: ReplayProgress): WrittenRecords {
  const partitions = [...byNumber.values()].sort((a, b) => a.partition - b.partition)
  return {
    rows: partitions.reduce((sum, { rows }) => sum + rows, 0),
    bytes: partitions.reduce((sum, { bytes }) => sum + bytes, 0),
    activeMs,
    partitions,
  }
}

/** Whether a replay can go from one state to the other. */
export function mayFollow(from: ReplayState, to: ReplayState): boolean {
  return following[from].includes(to)
}

/** Whether someone has to go on with it. */
export function isUnfinished(state: ReplayState): boolean {
  return state === 'pending' || state === 'planning' || state === 'running' || state === 'cancelling'
}

export function encodeState(entry: StateEntry): Buffer {
  return toJson({ version, ...entry })
}

/** Throws DamagedDataError `replay-state-damaged` naming the object. */
export function decodeState(path: string, bytes: Uint8Array): StateEntry {
  const fields = JsonFields.parse('replay-state-damaged', path, bytes)
  if (fields.count('version') !== version) throw fields.damaged('version', 'is unknown')
  return {
    seq: fields.count('seq'),
    state: fields.oneOf('state', replayStates),
    at: fields.text('at'),
    writer: fields.text('writer'),
    targetIncarnation: fields.has('targetIncarnation') ? fields.text('targetIncarnation') : null,
    written: fields.has('written') ? readWritten(fields.object('written')) : null,
    error: fields.has('error') ? readError(fields.object('error')) : null,
  }
}

function readWritten(fields: JsonFields): WrittenRecords {
  return {
    rows: fields.count('rows'),
    bytes: fields.count('bytes'),
    activeMs: fields.count('activeMs'),
    partitions: fields.list('partitions', readPartitionProgress),
  }
}

function readError(fields: JsonFields): StateError {
  return { code: fields.text('code'), message: fields.text('message'), remedy: fields.text('remedy') }
}
