/**
 * A record block: a run of records of one partition as bytes, the common coin of capture and replay. The layout of the
 * payload is that of records in a Kafka record batch, magic 2 (KIP-98; https://kafka.apache.org/documentation/#record):
 * one record after the other, each `length attributes timestampDelta offsetDelta key value headers` in zig-zag varints.
 * A source that is not Kafka encodes its messages into the same layout, uncompressed, so that everything inside knows
 * one shape and no record ever becomes an object.
 */
export interface RecordBlock {
  /** Offset that the records' offset deltas count from. */
  baseOffset: bigint
  /** Last offset the block stands for, inclusive; records up to it may be missing (a compacted topic). */
  lastOffset: bigint
  /** Milliseconds that the records' timestamp deltas count from. */
  baseTimestampMs: bigint
  /** Set when the source stamps records itself on append: every record has this timestamp and deltas do not count. */
  appendTimestampMs: bigint | null
  /** Largest timestamp of the records as the source states it; -1 when there are none or none has a timestamp. */
  maxTimestampMs: bigint
  /** Number of records in the payload; 0 is legal. */
  count: number
  codec: Codec
  /** The records, compressed by `codec`. A view that may be overwritten after the reader's next call. */
  payload: Uint8Array
}

/** Compression of a block's payload. The numbers are Kafka's attribute bits 0-2. */
export type Codec = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Why offsets have no row. */
export type GapReason =
  /** Transaction markers and other control records: never data. */
  | 'control'
  /** Records of a transaction that was aborted: no read-committed consumer sees them. */
  | 'aborted'
  /** Removed by the broker's log compaction before they were read. */
  | 'compacted'
  /** Deleted by retention (or on request) before they were archived: this is loss. */
  | 'retention'
  /** The broker's log was truncated below offsets it had given out. */
  | 'truncated'
  /** The broker holds bytes that are no valid records. */
  | 'corrupt'
  /** A record that cannot be filed under any time, passed over because the connector tolerates errors. */
  | 'unreadable'
  /** A tombstone of a connector that leaves tombstones out (`behavior.on.null.values=ignore`). */
  | 'ignored'
  /** Passed over on an operator's word (the connector's offsets were moved forward). */
  | 'skipped'

/** What a source delivers for a range of offsets: records, or the reason why there are none. */
export type SourceRun =
  | { kind: 'records'; block: RecordBlock }
  | { kind: 'gap'; reason: GapReason; firstOffset: bigint; lastOffset: bigint }
