import { JsonFields } from '../format/json-fields.ts'
import { toJson } from '../format/log-codec.ts'

/** How far a replay is, as each transaction stores it together with the records that it speaks of. */
export interface ReplayProgress {
  /** The replay's `run`: tells it from one of the same name in another archive. */
  run: string
  /** How long the replay was at work until then, over all its starts. */
  activeMs: number
  /** By partition number; partitions that were not begun are left out. */
  partitions: Map<number, PartitionProgress>
}

export interface PartitionProgress {
  partition: number
  /** Source offset to go on from: everything selected below it was emitted. */
  next: bigint
  rows: number
  /** Bytes of the records as they were written, uncompressed. */
  bytes: number
  /** Source offsets of the first and last record emitted; null when there was none yet. */
  firstOffset: bigint | null
  lastOffset: bigint | null
}

const version = 1

/** JSON, about 100 bytes per partition. */
export function encodeProgress(progress: ReplayProgress): Uint8Array {
  return toJson({
    version,
    run: progress.run,
    activeMs: progress.activeMs,
    partitions: [...progress.partitions.values()],
  })
}

/** Throws DamagedDataError `progress-damaged` for what encodeProgress never wrote. */
export function decodeProgress(bytes: Uint8Array): ReplayProgress {
  const fields = JsonFields.parse('progress-damaged', "the replay's last transaction", bytes)
  if (fields.count('version') !== version) throw fields.damaged('version', 'is unknown')
  const partitions = fields.list('partitions', readPartitionProgress)
  return {
    run: fields.text('run'),
    activeMs: fields.count('activeMs'),
    partitions: new Map(partitions.map((item) => [item.partition, item])),
  }
}

export function readPartitionProgress(fields: JsonFields): PartitionProgress {
  return {
    partition: fields.count('partition'),
    next: fields.offset('next'),
    rows: fields.count('rows'),
    bytes: fields.count('bytes'),
    firstOffset: fields.has('firstOffset') ? fields.offset('firstOffset') : null,
    lastOffset: fields.has('lastOffset') ? fields.offset('lastOffset') : null,
  }
}
