import { crc32c } from '@node-rs/crc32'
import { DamagedDataError } from '../../errors.ts'
import type { Codec } from '../../ports/record-block.ts'

/** Size of a magic-2 batch header (KIP-98): everything before the records. */
export const batchHeaderBytes = 61

/** The bytes before the ones that a batch's length field counts: base offset and the length itself. */
const lengthPrefixBytes = 12
const magicPosition = 16
const crcPosition = 17
/** First byte that the CRC covers; base offset, length, leader epoch and magic are not covered. */
const crcFrom = 21

/** Codecs by their number in attribute bits 0-2. */
const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** The attribute bits beside the codec. */
export const attributeBits = { appendTime: 0x08, transactional: 0x10, control: 0x20 } as const

/** Attribute bits 0-2 for a codec. */
export function codecBits(codec: Codec): number {
  return codecs.indexOf(codec)
}

/** Which log bytes came from, for messages. */
export interface LogPlace {
  topic: string
  partition: number
}

/** Header of a record batch, magic 2. */
export interface BatchHeader {
  baseOffset: bigint
  /** Inclusive; records up to it may be missing after compaction. The next batch begins above it. */
  lastOffset: bigint
  /** Epoch of the leader that appended the batch. */
  leaderEpoch: number
  codec: Codec
  /** The broker stamped the records: all have the timestamp `maxTimestampMs`. */
  appendTime: boolean
  transactional: boolean
  /** Holds a transaction marker, no data. */
  control: boolean
  baseTimestampMs: bigint
  maxTimestampMs: bigint
  /** -1 when the producer was not idempotent. */
  producerId: bigint
  /** Number of records in the batch; 0 when compaction removed all of them. */
  count: number
}

/**
 * Cuts a fetched buffer into whole batches, as views. A batch that ends beyond the buffer is left out: brokers cut a
 * response anywhere. Throws DamagedDataError `batch-malformed` on another magic or an impossible length; what the CRC
 * covers is not looked at.
 */
export function* splitBatches(bytes: Buffer, place: LogPlace): Generator<Buffer> {
  let start = 0
  while (start + crcPosition <= bytes.length) {
    const magic = bytes[start + magicPosition]
    if (magic !== 2) {
      throw malformed(place, bytes.readBigInt64BE(start), `has record format ${magic}; only format 2 can be read`, {
        remedy:
          'Formats 0 and 1 are from brokers before 0.11: raise the topic to message.format.version 2 and copy it. ' +
          'Any other number means a damaged log: check the broker with kafka-dump-log.',
      })
    }
    const length = bytes.readInt32BE(start + 8)
    if (length < batchHeaderBytes - lengthPrefixBytes) {
      throw malformed(place, bytes.readBigInt64BE(start), `states an impossible length of ${length} bytes`)
    }
    const end = start + lengthPrefixBytes + length
    if (end > bytes.length) return
    yield bytes.subarray(start, end)
    start = end
  }
}

/** Base offset of a whole batch; not covered by its CRC. */
export function baseOffsetOf(batch: Buffer): bigint {
  return batch.readBigInt64BE(0)
}

/** Whether the batch's CRC32C holds. */
export function crcHolds(batch: Buffer): boolean {
  return crc32c(batch.subarray(crcFrom)) === batch.readUInt32BE(crcPosition)
}

/** Sets the CRC32C of a batch that is complete otherwise. */
export function sealBatch(batch: Buffer): void {
  batch.writeUInt32BE(crc32c(batch.subarray(crcFrom)), crcPosition)
}

/** Reads the header of a whole batch. Throws DamagedDataError `batch-malformed` when a field cannot be. */
export function readBatchHeader(batch: Buffer, place: LogPlace): BatchHeader {
  const baseOffset = baseOffsetOf(batch)
  const attributes = batch.readInt16BE(21)
  const lastOffsetDelta = batch.readInt32BE(23)
  const count = batch.readInt32BE(57)
  const codec = codecs[attributes & 7]
  if (codec === undefined) throw malformed(place, baseOffset, `names the unknown compression ${attributes & 7}`)
  if (baseOffset < 0n || lastOffsetDelta < 0) {
    throw malformed(place, baseOffset, `states an impossible last offset delta of ${lastOffsetDelta}`)
  }
  if (count < 0 || count > lastOffsetDelta + 1) {
    throw malformed(place, baseOffset, `states ${count} records for ${lastOffsetDelta + 1} offsets`)
  }
  return {
    baseOffset,
    lastOffset: baseOffset + BigInt(lastOffsetDelta),
    leaderEpoch: batch.readInt32BE(12),
    codec,
    appendTime: (attributes & attributeBits.appendTime) !== 0,
    transactional: (attributes & attributeBits.transactional) !== 0,
    control: (attributes & attributeBits.control) !== 0,
    baseTimestampMs: batch.readBigInt64BE(27),
    maxTimestampMs: batch.readBigInt64BE(35),
    producerId: batch.readBigInt64BE(43),
    count,
  }
}

function malformed(place: LogPlace, baseOffset: bigint, what: string, facts?: { remedy: string }): DamagedDataError {
  const { topic, partition } = place
  return new DamagedDataError('batch-malformed', `${topic}-${partition}: the batch at offset ${baseOffset} ${what}`, {
    remedy:
      facts?.remedy ?? 'Check the log segment on the broker (kafka-dump-log) and restore the partition from a replica.',
    details: { topic, partition, offset: String(baseOffset) },
  })
}
