import fc from 'fast-check'
import type { ParquetCodec } from '../../../src/format/log-entry.ts'
import {
  BufferPool,
  SegmentReader,
  SegmentWriter,
  type SegmentWriterOptions,
} from '../../../src/format/parquet/index.ts'
import type { RecordView } from '../../../src/format/record-view.ts'
import type { BinaryColumn, RowBatch } from '../../../src/format/row-batch.ts'
import type { BuiltSegment, SegmentIdentity } from '../../../src/format/segment.ts'

/** A record as a test thinks of it. */
export interface TestRecord {
  offset: bigint
  timestampMs: number
  key: Buffer | null
  value: Buffer | null
  headers: { key: Buffer; value: Buffer | null }[]
}

/** A row as every reader has to see it: numbers in decimal, bytes in hex. */
export interface Row {
  partition: number
  offset: string
  micros: string
  key: string | null
  value: string | null
  headers: [key: string, value: string | null][]
}

export const identity: SegmentIdentity = { topic: 'orders', incarnation: 2, partition: 7, timestampType: 'create' }

export const codecs: ParquetCodec[] = ['zstd', 'snappy', 'gzip', 'none']

const mostTimestampMs = 8.64e15

const timestampMs = fc.oneof(
  fc.constantFrom(-1, 0, Date.UTC(9999, 11, 31, 23, 59, 59, 999), mostTimestampMs, -mostTimestampMs),
  fc.integer({ min: 1_600_000_000_000, max: 1_800_000_000_000 }),
  fc.integer({ min: -mostTimestampMs, max: mostTimestampMs }),
)

const bytes = fc.oneof(
  { weight: 20, arbitrary: fc.uint8Array({ maxLength: 90 }).map((part) => Buffer.from(part)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(Buffer.alloc(200, 0xff), Buffer.alloc(400_000, 'page'), Buffer.alloc(70, 0)),
  },
)

const text = fc.string({ unit: 'binary', maxLength: 12 }).map((part) => Buffer.from(part))

/** Runs of records in offset order. `headerKeys`: `any` also makes keys that are no UTF-8. */
export function recordRuns(options: { headerKeys?: 'utf8' | 'any'; maxOffset?: bigint; dates?: boolean } = {}) {
  const { maxOffset = 2n ** 63n - 10_000n } = options
  const key = options.headerKeys === 'any' ? fc.oneof(text, bytes) : text
  const header = fc.record({ key, value: fc.option(bytes, { freq: 3 }) })
  const repeated = fc.tuple(fc.array(header, { maxLength: 3 }), fc.nat({ max: 2 }))
  const record = fc.record({
    gap: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })),
    timestampMs: options.dates ? fc.integer({ min: 0, max: 4e12 }) : timestampMs,
    key: fc.option(bytes, { freq: 4 }),
    value: fc.option(bytes, { freq: 4 }),
    headers: repeated.map(([headers, times]) => [headers, ...Array(times).fill(headers)].flat() as typeof headers),
  })
  const first = fc.oneof(fc.constantFrom(0n, maxOffset), fc.bigInt({ min: 0n, max: maxOffset }))
  return fc.tuple(first, fc.array(record, { maxLength: 60 })).map(([start, run]): TestRecord[] => {
    let offset = start
    return run.map(({ gap, ...rest }) => {
      offset += BigInt(gap)
      return { offset, ...rest }
    })
  })
}

/** Small enough that a run has several row groups. */
export const rowGroupRows = fc.integer({ min: 1, max: 50 })

export function writeSegment(
  records: readonly TestRecord[],
  { pageRows = Number.POSITIVE_INFINITY, ...options }: Partial<SegmentWriterOptions> & { pageRows?: number } = {},
): { finished: BuiltSegment; file: Buffer } {
  const writer = new SegmentWriter({ identity, codec: 'zstd', pool: new BufferPool(), ...options })
  for (const [i, record] of records.entries()) {
    writer.append(viewOf(record))
    if ((i + 1) % pageRows === 0) writer.squeeze()
  }
  const finished = writer.finish()
  return { finished, file: Buffer.concat(finished.chunks) }
}

/** The record as a cursor would show it: somewhere in a payload, counted from a base offset. */
export function viewOf(record: TestRecord, baseOffset: bigint = record.offset - (record.offset % 1000n)): RecordView {
  const parts: Buffer[] = [Buffer.from('something before')]
  let at = parts[0]!.length
  const add = (part: Buffer): number => {
    parts.push(part)
    at += part.length
    return at - part.length
  }
  const keyStart = add(record.key ?? Buffer.alloc(0))
  const valueStart = add(record.value ?? Buffer.alloc(0))
  const headersStart = at
  for (const { key, value } of record.headers) {
    add(zigzag(key.length))
    add(key)
    add(zigzag(value === null ? -1 : value.length))
    add(value ?? Buffer.alloc(0))
  }
  return {
    bytes: Buffer.concat(parts),
    baseOffset,
    offsetDelta: Number(record.offset - baseOffset),
    timestampMs: record.timestampMs,
    keyStart,
    keyLength: record.key?.length ?? -1,
    valueStart,
    valueLength: record.value?.length ?? -1,
    headersStart,
    headerCount: record.headers.length,
  }
}

export function rowsOf(records: readonly TestRecord[]): Row[] {
  return records.map((record) => ({
    partition: identity.partition,
    offset: String(record.offset),
    micros: String(BigInt(record.timestampMs) * 1000n),
    key: record.key?.toString('hex') ?? null,
    value: record.value?.toString('hex') ?? null,
    headers: record.headers.map(({ key, value }) => [key.toString('hex'), value?.toString('hex') ?? null]),
  }))
}

export function openSegment(file: Buffer, path = 'orders+7+0.parquet'): Promise<SegmentReader> {
  return SegmentReader.open({ path, bytes: file.length, read: async (start, end) => file.subarray(start, end) })
}

/** All rows, as SegmentReader sees them. */
export async function readRows(reader: SegmentReader): Promise<Row[]> {
  const rows: Row[] = []
  for (let group = 0; group < reader.rowGroups.length; group++) {
    rows.push(...batchRows(await reader.readRowGroup(group)))
  }
  return rows
}

export function batchRows(batch: RowBatch): Row[] {
  return Array.from({ length: batch.rows }, (_, i) => {
    const headers: Row['headers'] = []
    for (let h = batch.headers.first[i]!; h < batch.headers.first[i + 1]!; h++) {
      headers.push([hexAt(batch.headers.keys, h)!, hexAt(batch.headers.values, h)])
    }
    return {
      partition: batch.partition,
      offset: String(batch.offset[i]),
      micros: String(batch.timestampMicros[i]),
      key: hexAt(batch.key, i),
      value: hexAt(batch.value, i),
      headers,
    }
  })
}

export function hexAt(column: BinaryColumn, i: number): string | null {
  const start = column.start[i]!
  const length = column.length[i]!
  return length < 0 ? null : column.bytes.toString('hex', start, start + length)
}

function zigzag(value: number): Buffer {
  const parts: number[] = []
  let rest = value < 0 ? -2 * value - 1 : 2 * value
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) parts.push((rest & 0x7f) | 0x80)
  return Buffer.from([...parts, rest])
}
