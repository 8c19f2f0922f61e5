import { type OutgoingRecord, RecordCursor, RecordEncoder } from '../../format/record-batch/index.ts'
import type { RecordBlock } from '../../ports/record-block.ts'

/**
 * The block as brokers take it from a producer: offsets 0, 1, 2 … without a hole and each record with its own timestamp.
 * A block that was built for writing is passed on as it is; one straight from a compacted topic, or with append time, is
 * written anew.
 */
export function producibleBlock(block: RecordBlock): RecordBlock {
  const contiguous = block.lastOffset - block.baseOffset + 1n === BigInt(block.count)
  if (contiguous && block.appendTimestampMs === null) {
    // Only a batch that begins at 0 is stored by the broker without being compressed again.
    return { ...block, baseOffset: 0n, lastOffset: BigInt(block.count - 1) }
  }
  const cursor = new RecordCursor()
  const encoder = new RecordEncoder(block.payload.length + block.count)
  cursor.open(block)
  while (cursor.next()) encoder.appendRecord(recordAt(cursor))
  return encoder.finish()
}

function recordAt(cursor: RecordCursor): OutgoingRecord {
  const { bytes, keyStart, keyLength, valueStart, valueLength, timestampMs } = cursor
  return {
    key: keyLength < 0 ? null : bytes.subarray(keyStart, keyStart + keyLength),
    value: valueLength < 0 ? null : bytes.subarray(valueStart, valueStart + valueLength),
    headers: headersAt(cursor),
    timestampMs,
  }
}

function headersAt(cursor: RecordCursor): OutgoingRecord['headers'] {
  const headers: { key: Uint8Array; value: Uint8Array | null }[] = []
  let at = cursor.headersStart
  // The cursor has checked that every length stays within the record.
  const field = (): Uint8Array | null => {
    let coded = 0
    let shift = 0
    for (;;) {
      const byte = cursor.bytes[at]!
      at += 1
      coded |= (byte & 0x7f) << shift
      if (byte < 0x80) break
      shift += 7
    }
    const length = (coded >>> 1) ^ -(coded & 1)
    if (length < 0) return null
    at += length
    return cursor.bytes.subarray(at - length, at)
  }
  for (let left = cursor.headerCount; left > 0; left -= 1) {
    const key = field() ?? Buffer.alloc(0)
    headers.push({ key, value: field() })
  }
  return headers
}
