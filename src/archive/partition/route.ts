import { DamagedDataError } from '../../errors.ts'
import type { Routing } from '../../format/log-entry.ts'
import type { RecordView } from '../../format/record-view.ts'
import { type TimeBucket, TimeBuckets } from '../../format/time-bucket.ts'

/** What a Date can hold on either side of the epoch. */
const maxTimestampMs = 8.64e15

/**
 * Decides which time bucket a record belongs to. The answer depends on nothing but the record and the routing, so that
 * whoever reads the record again comes to the same one.
 */
export class Router {
  readonly routing: Routing
  readonly #buckets: TimeBuckets
  readonly #fieldPath: readonly string[] | null
  // records come mostly in the order of time: the bucket of the last one is asked first
  #last: TimeBucket = { folder: '', startMs: 0, endMs: 0 }

  constructor(routing: Routing) {
    this.routing = routing
    this.#buckets = new TimeBuckets(routing)
    this.#fieldPath = routing.timestampField?.split('.') ?? null
  }

  /**
   * The time that counts for a record: its timestamp, or that of the configured field of its value. Throws
   * DamagedDataError `timestamp-not-representable` or `timestamp-field-unreadable` with the record's offset.
   */
  timestampOf(record: RecordView): number {
    if (!(Math.abs(record.timestampMs) <= maxTimestampMs)) throw notRepresentable(record)
    // a tombstone has no value to look into; its own timestamp can be reproduced just as well
    if (this.#fieldPath === null || record.valueLength < 0) return record.timestampMs
    return timestampFromField(record, this.#fieldPath)
  }

  /** Folder of the bucket that holds this time. */
  folderAt(timestampMs: number): string {
    if (timestampMs < this.#last.startMs || timestampMs >= this.#last.endMs) this.#last = this.#buckets.of(timestampMs)
    return this.#last.folder
  }
}

/** The field's time: ISO 8601 text or epoch milliseconds, as the sink's RecordField extractor takes them. */
function timestampFromField(record: RecordView, path: readonly string[]): number {
  const text = record.bytes.toString('utf8', record.valueStart, record.valueStart + record.valueLength)
  let found: unknown
  try {
    found = path.reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), JSON.parse(text))
  } catch (cause) {
    throw noTimestamp(record, path, 'its value is not JSON', cause)
  }
  const timestampMs = typeof found === 'string' ? Date.parse(found) : found
  if (typeof timestampMs === 'number' && Math.abs(timestampMs) <= maxTimestampMs) return Math.trunc(timestampMs)
  throw noTimestamp(
    record,
    path,
    found === undefined ? 'the field is missing' : 'the field holds neither ISO 8601 text nor epoch milliseconds',
  )
}

function notRepresentable(record: RecordView): DamagedDataError {
  const offset = offsetOf(record)
  return new DamagedDataError(
    'timestamp-not-representable',
    `the record at offset ${offset} has the timestamp ${record.timestampMs} ms, which is no date within ±8.64e15 ms`,
    {
      remedy: 'Correct the producer: timestamps are milliseconds since 1970, not micro- or nanoseconds.',
      details: { offset: String(offset), timestampMs: record.timestampMs },
    },
  )
}

function noTimestamp(record: RecordView, path: readonly string[], why: string, cause?: unknown): DamagedDataError {
  const offset = offsetOf(record)
  return new DamagedDataError(
    'timestamp-field-unreadable',
    `record at offset ${offset}: no time in field ${path.join('.')}: ${why}`,
    {
      remedy:
        'Use timestamp.extractor=Record, or correct timestamp.field; capture stops here so that nothing is filed wrongly.',
      details: { offset: String(offset), field: path.join('.') },
      cause,
    },
  )
}

function offsetOf({ baseOffset, offsetDelta }: RecordView): bigint {
  return baseOffset + BigInt(offsetDelta)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
