import fc from 'fast-check'
import { RecordCursor } from '../../../src/format/record-batch/index.ts'
import type { BinaryColumn, RowBatch } from '../../../src/format/row-batch.ts'
import type { Codec, RecordBlock } from '../../../src/ports/record-block.ts'

export const allCodecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** A record in plain words, to compare with what the bytes say. */
export interface PlainRecord {
  timestampMs: number
  key: Buffer | null
  value: Buffer | null
  headers: { key: Buffer; value: Buffer | null }[]
}

const field = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes))

/** Any records, with null and empty fields, duplicate header keys, and timestamps from one end of time to the other. */
export const anyRecords: fc.Arbitrary<PlainRecord[]> = fc.array(
  fc.record({
    timestampMs: fc.oneof(
      fc.integer({ min: 1_700_000_000_000, max: 1_700_000_900_000 }),
      fc.maxSafeInteger().map((ms) => Math.max(-8.64e15, Math.min(8.64e15, ms))),
      fc.constantFrom(-1, 0, 8.64e15, -8.64e15, 8.64e15 - 1),
    ),
    key: fc.option(field(200)),
    value: fc.option(field(2_000)),
    headers: fc.array(
      fc.record(
        {
          key: fc.constantFrom('', 'a', 'trace', 'ключ').map((key) => Buffer.from(key)),
          value: fc.option(field(80)),
        },
        { noNullPrototype: true },
      ),
      { maxLength: 5 },
    ),
  }),
  { minLength: 1, maxLength: 60 },
)

/** The records as columns, the way they come out of a segment. */
export function rowsOf(records: readonly PlainRecord[]): RowBatch {
  const headers = records.flatMap((record) => record.headers)
  const first = new Int32Array(records.length + 1)
  for (const [row, record] of records.entries()) first[row + 1] = first[row]! + record.headers.length
  return {
    rows: records.length,
    partition: 0,
    offset: BigInt64Array.from(records, (_, row) => BigInt(row)),
    timestampMicros: BigInt64Array.from(records, ({ timestampMs }) => BigInt(timestampMs) * 1000n),
    key: columnOf(records.map(({ key }) => key)),
    value: columnOf(records.map(({ value }) => value)),
    headers: {
      first,
      keys: columnOf(headers.map(({ key }) => key)),
      values: columnOf(headers.map(({ value }) => value)),
    },
  }
}

function columnOf(fields: readonly (Buffer | null)[]): BinaryColumn {
  const start = new Int32Array(fields.length)
  let end = 0
  for (const [index, field] of fields.entries()) {
    start[index] = end
    end += field?.length ?? 0
  }
  return {
    bytes: Buffer.concat(fields.map((field) => field ?? Buffer.alloc(0))),
    start,
    length: Int32Array.from(fields, (field) => field?.length ?? -1),
  }
}

/** A record as the cursor shows it. */
export interface ReadRecord extends PlainRecord {
  offset: bigint
}

/** All records of a block, read by the cursor and copied. */
export function readAll(block: RecordBlock, cursor: RecordCursor = new RecordCursor()): ReadRecord[] {
  const records: ReadRecord[] = []
  cursor.open(block)
  while (cursor.next()) {
    records.push({
      offset: cursor.baseOffset + BigInt(cursor.offsetDelta),
      timestampMs: cursor.timestampMs,
      key: copied(cursor.bytes, cursor.keyStart, cursor.keyLength),
      value: copied(cursor.bytes, cursor.valueStart, cursor.valueLength),
      headers: headersOf(cursor),
    })
  }
  return records
}

function headersOf(cursor: RecordCursor): PlainRecord['headers'] {
  let at = cursor.headersStart
  const take = (): Buffer | null => {
    let coded = 0
    for (let shift = 0; ; shift += 7) {
      const byte = cursor.bytes[at++]!
      coded |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    const length = (coded >>> 1) ^ -(coded & 1)
    const taken = copied(cursor.bytes, at, length)
    at += Math.max(0, length)
    return taken
  }
  return Array.from({ length: cursor.headerCount }, () => ({ key: take()!, value: take() }))
}

function copied(bytes: Buffer, start: number, length: number): Buffer | null {
  return length < 0 ? null : Buffer.from(bytes.subarray(start, start + length))
}
