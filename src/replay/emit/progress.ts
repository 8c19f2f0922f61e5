import { JsonFields } from '../../format/json-fields.ts'
import { toJson } from '../../format/log-codec.ts'
import type { StreamRef } from '../plan/plan.ts'

/** How far a share of a replay is, as each transaction stores it together with the records that it speaks of. */
export interface ReplayProgress {
  /** The replay's `run`: tells it from one of the same name in another archive. */
  run: string
  /** How long the share was at work until then, over all its starts. */
  activeMs: number
  /** By `streamKey`; streams that were not begun are left out. */
  streams: ReadonlyMap<string, StreamProgress>
}

/** How far a partition of a source is. */
export interface StreamProgress extends StreamRef {
  /** Source offset to go on from: everything selected below it was emitted. */
  next: bigint
  rows: number
  /** Bytes of the records as they were written, uncompressed. */
  bytes: number
  /** Source offsets of the first and last record emitted; null when there was none yet. */
  firstOffset: bigint | null
  lastOffset: bigint | null
  /** Records that could not be changed and went into the dead-letter topic instead. */
  deadLetters: number
}

const version = 1

/** Names a stream in a map. */
export function streamKey({ source, partition }: StreamRef): string {
  return `${source}/${partition}`
}

/** The same text as long as nothing is committed. */
export function positionOf(progress: ReplayProgress | null): string {
  const streams = progress === null ? [] : [...progress.streams.values()]
  return streams.map((stream) => `${streamKey(stream)}:${stream.next}`).join()
}

/** JSON, about 100 bytes per partition. */
export function encodeProgress(progress: ReplayProgress): Uint8Array {
  return toJson({ version, ...progressFields(progress) })
}

/** As a part of a larger object, for `readProgress`. */
export function progressFields({ run, activeMs, streams }: ReplayProgress): object {
  return { run, activeMs, streams: [...streams.values()] }
}

/** Throws DamagedDataError `progress-damaged` for what encodeProgress never wrote. */
export function decodeProgress(bytes: Uint8Array): ReplayProgress {
  const fields = JsonFields.parse('progress-damaged', "the replay's last transaction", bytes)
  if (fields.count('version') !== version) throw fields.damaged('version', 'is unknown')
  return readProgress(fields)
}

/** The fields that encodeProgress writes, wherever they stand. */
export function readProgress(fields: JsonFields): ReplayProgress {
  const streams = fields.list('streams', readStream)
  return {
    run: fields.text('run'),
    activeMs: fields.count('activeMs'),
    streams: new Map(streams.map((stream) => [streamKey(stream), stream])),
  }
}

function readStream(fields: JsonFields): StreamProgress {
  return {
    source: fields.count('source'),
    partition: fields.count('partition'),
    next: fields.offset('next'),
    rows: fields.count('rows'),
    bytes: fields.count('bytes'),
    firstOffset: fields.has('firstOffset') ? fields.offset('firstOffset') : null,
    lastOffset: fields.has('lastOffset') ? fields.offset('lastOffset') : null,
    deadLetters: fields.count('deadLetters'),
  }
}
