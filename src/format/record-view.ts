/**
 * The record a cursor stands on, as places in a buffer: nothing is copied and no object is made per record. The
 * capture path reads these fields millions of times a second, so they are plain numbers.
 */
export interface RecordView {
  /** The decompressed payload that all `…Start` fields point into. Changes from block to block. */
  bytes: Buffer
  /** Offset that `offsetDelta` counts from. */
  baseOffset: bigint
  /** 0 or more; the record's offset is `baseOffset + offsetDelta`. */
  offsetDelta: number
  /** Milliseconds since the epoch, an integer within ±8.64e15 (what a Date can hold); -1 when the producer set none. */
  timestampMs: number
  keyStart: number
  /** -1: the key is null. */
  keyLength: number
  valueStart: number
  /** -1: the value is null (a tombstone). */
  valueLength: number
  /** Place of the first header: `keyLength key valueLength value`, lengths in zig-zag varints, -1 for a null value. */
  headersStart: number
  headerCount: number
}
