import { JsonFields } from '../../format/json-fields.ts'
import { toJson } from '../../format/log-codec.ts'
import { progressFields, type ReplayProgress, readProgress } from '../emit/progress.ts'

/** An entry of a share's log, `replays/<id>/shares/<share>/<seq>.json`: that it came to an end, or stands still. */
export interface ShareEntry {
  state: 'finished' | 'halted'
  /** Number of the replay's state that it answers. */
  stateSeq: number
  /** What is committed. */
  progress: ReplayProgress
  /** Random, so that no two entries are the same bytes. */
  writer: string
}

const version = 1

export function encodeShare({ progress, ...rest }: ShareEntry): Buffer {
  return toJson({ version, ...rest, progress: progressFields(progress) })
}

/** Throws DamagedDataError `replay-state-damaged` naming the object. */
export function decodeShare(path: string, bytes: Uint8Array): ShareEntry {
  const fields = JsonFields.parse('replay-state-damaged', path, bytes)
  if (fields.count('version') !== version) throw fields.damaged('version', 'is unknown')
  return {
    state: fields.oneOf('state', ['finished', 'halted']),
    stateSeq: fields.count('stateSeq'),
    progress: readProgress(fields.object('progress')),
    writer: fields.text('writer'),
  }
}
