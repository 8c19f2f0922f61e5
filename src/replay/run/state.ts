import { JsonFields } from '../../format/json-fields.ts'
import { toJson } from '../../format/log-codec.ts'
import { type Rate, readRate } from '../request/rate.ts'
import { Shape } from '../request/shape.ts'

export const replayStates = [
  'pending',
  'planning',
  'running',
  'pausing',
  'paused',
  'cancelling',
  'cancelled',
  'completed',
  'failed',
] as const

/** What a replay is at. `planning`: its target is checked and created. */
export type ReplayState = (typeof replayStates)[number]

/**
 * An entry of a replay's state log, `replays/<id>/state/<seq>.json`; the last one is the truth, for all instances. Whoever
 * steers a replay appends what it wishes (`pausing`), those who run it see that and do it.
 */
export interface StateEntry {
  seq: number
  state: ReplayState
  /** When it was written, ISO 8601 UTC; for people, never for decisions. */
  at: string
  /** Random, so that no two entries are the same bytes. */
  writer: string
  /** The broker's identity of each target topic since it was found fit and empty; null before. */
  targets: Readonly<Record<string, string>> | null
  /** Null: as fast as it goes. */
  rate: Rate | null
  /** Of a speed: the instant at which a record of the timestamp `recordMs` is due. */
  anchor: RateAnchor | null
  /** Codes of findings that are put up with. */
  accept: readonly string[]
  /** Why it failed. */
  error: StateError | null
}

export interface RateAnchor {
  wallMs: number
  recordMs: number
}

export interface StateError {
  code: string
  message: string
  remedy: string
}

const version = 1

const following: Readonly<Record<ReplayState, readonly ReplayState[]>> = {
  pending: ['pending', 'planning', 'pausing', 'cancelling', 'failed'],
  // Back to planning: another instance takes over what one has begun.
  planning: ['planning', 'running', 'pausing', 'cancelling', 'failed'],
  // Running again: at another rate.
  running: ['running', 'pausing', 'cancelling', 'completed', 'failed'],
  // Completed: it reached its end before it noticed.
  pausing: ['pausing', 'planning', 'running', 'paused', 'cancelling', 'completed', 'failed'],
  paused: ['paused', 'planning', 'running', 'cancelling'],
  cancelling: ['cancelling', 'cancelled', 'completed', 'failed'],
  cancelled: ['planning'],
  completed: [],
  failed: ['planning'],
}

/** Whether a replay can go from one state to the other. */
export function mayFollow(from: ReplayState, to: ReplayState): boolean {
  return following[from].includes(to)
}

/** Whether nothing happens any more until someone starts it again. */
export function isFinal(state: ReplayState): boolean {
  return state === 'completed' || state === 'cancelled' || state === 'failed'
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
    targets: fields.has('targets') ? fields.texts('targets') : null,
    rate: fields.has('rate') ? readStoredRate(fields) : null,
    anchor: fields.has('anchor') ? readAnchor(fields.object('anchor')) : null,
    accept: fields.textList('accept'),
    error: fields.has('error') ? readError(fields.object('error')) : null,
  }
}

function readStoredRate(fields: JsonFields): Rate | null {
  const shape = new Shape()
  const rate = readRate(fields.raw('rate'), 'rate', shape)
  if (shape.problems.length > 0) throw fields.damaged('rate', shape.problems.join('; '))
  return rate
}

function readAnchor(fields: JsonFields): RateAnchor {
  return { wallMs: fields.integer('wallMs'), recordMs: fields.integer('recordMs') }
}

function readError(fields: JsonFields): StateError {
  return { code: fields.text('code'), message: fields.text('message'), remedy: fields.text('remedy') }
}
