import { InvalidInputError } from '../../errors.ts'
import type { Codec, RecordBlock } from '../../ports/record-block.ts'
import { attributeBits, type BatchHeader, batchHeaderBytes, codecBits, sealBatch } from './batch-header.ts'
import { compress, decompress, defaultMaxPayloadBytes } from './codecs.ts'

/** How a batch is to be sent. Producer fields are -1 for a producer that is not idempotent. */
export interface BatchOptions {
  codec: Codec
  producerId: bigint
  producerEpoch: number
  /** Sequence of the first record within the producer's session. */
  baseSequence: number
  /** Must be set within a transaction: the broker takes a batch without it as a write outside of the transaction. */
  transactional: boolean
  /** Gives so many bytes for the batch; memory of its own unless told. */
  allocate?: (bytes: number) => Buffer
}

/** A batch's records as a block; the payload is a view into `batch`. */
export function blockOf(batch: Buffer, header: BatchHeader): RecordBlock {
  return {
    baseOffset: header.baseOffset,
    lastOffset: header.lastOffset,
    baseTimestampMs: header.baseTimestampMs,
    appendTimestampMs: header.appendTime ? header.maxTimestampMs : null,
    maxTimestampMs: header.maxTimestampMs,
    count: header.count,
    codec: header.codec,
    payload: batch.subarray(batchHeaderBytes),
  }
}

/**
 * A whole batch, magic 2, with its CRC. A payload that is compressed as asked for is taken as it is. Throws
 * InvalidInputError `batch-too-large` when the bytes or offsets do not fit a batch's 32-bit fields.
 */
export function encodeBatch(block: RecordBlock, options: BatchOptions): Buffer {
  const plain =
    block.codec === 'none' || block.codec === options.codec
      ? block.payload
      : decompress(block.codec, block.payload, defaultMaxPayloadBytes)
  const payload = block.codec === options.codec ? block.payload : compress(options.codec, plain)
  const lastOffsetDelta = Number(block.lastOffset - block.baseOffset)
  if (payload.length > 0x7fffffff - batchHeaderBytes || lastOffsetDelta > 0x7fffffff) {
    throw new InvalidInputError(
      'batch-too-large',
      `${payload.length} bytes over ${lastOffsetDelta + 1} offsets do not fit one record batch`,
      { remedy: 'Write smaller batches.' },
    )
  }
  const batch = (options.allocate ?? Buffer.allocUnsafe)(batchHeaderBytes + payload.length)
  batch.writeBigInt64BE(block.baseOffset, 0)
  batch.writeInt32BE(batch.length - 12, 8)
  // The leader epoch is the broker's to fill in.
  batch.writeInt32BE(-1, 12)
  batch[16] = 2
  batch.writeInt16BE(attributesOf(block, options), 21)
  batch.writeInt32BE(lastOffsetDelta, 23)
  batch.writeBigInt64BE(block.baseTimestampMs, 27)
  batch.writeBigInt64BE(block.maxTimestampMs, 35)
  batch.writeBigInt64BE(options.producerId, 43)
  batch.writeInt16BE(options.producerEpoch, 51)
  batch.writeInt32BE(options.baseSequence, 53)
  batch.writeInt32BE(block.count, 57)
  batch.set(payload, batchHeaderBytes)
  sealBatch(batch)
  return batch
}

function attributesOf(block: RecordBlock, options: BatchOptions): number {
  return (
    codecBits(options.codec) |
    (block.appendTimestampMs === null ? 0 : attributeBits.appendTime) |
    (options.transactional ? attributeBits.transactional : 0)
  )
}
