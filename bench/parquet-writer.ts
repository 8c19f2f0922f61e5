/**
 * How fast segments are written and read, beside hyparquet-writer on the same records: 180-byte JSON values, 18-byte
 * keys, two headers, zstd level 1, one thread. Run: `node bench/parquet-writer.ts [records]`.
 */
import { createHash } from 'node:crypto'
import { constants, zstdCompressSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import type { ColumnSource } from 'hyparquet-writer/src/types.js'
import { BufferPool, SegmentReader, SegmentWriter } from '../src/format/parquet/index.ts'
import { schemaElements } from '../src/format/parquet/schema.ts'
import type { RecordView } from '../src/format/record-view.ts'
import type { BuiltSegment } from '../src/format/segment.ts'

const records = Number(process.argv[2] ?? 500_000)
const rounds = 5
const headers = [
  { key: Buffer.from('content-type'), value: Buffer.from('application/json') },
  { key: Buffer.from('trace'), value: Buffer.from('00-4bf92f3577b34da6') },
]
const payloads = makePayloads(8192)

console.log(`${records} records a round, best of ${rounds}`)
const ours = await best('SegmentWriter', writeSegment)
const file = Buffer.concat(ours.result.chunks)
await best('SegmentReader', () => readSegment(file))
const columns = makeColumns()
const theirs = await best('hyparquet-writer', () => writeByHyparquet(columns))
console.log(`SegmentWriter writes ${(ours.rate / theirs.rate).toFixed(1)} times as many rows/s as hyparquet-writer`)
console.log(
  `bytes a row: ${(ours.result.bytes / records).toFixed(1)} and ${(theirs.result.bytes / records).toFixed(1)}`,
)

/** The best round counts: what slows a round down is the rest of the machine, and the CPU time says how much it was. */
async function best<T>(name: string, run: () => T | Promise<T>): Promise<{ rate: number; result: T }> {
  let rate = 0
  let cpuRate = 0
  let result: T | undefined
  for (let round = 0; round < rounds; round++) {
    const start = performance.now()
    const cpu = process.cpuUsage()
    result = await run()
    rate = Math.max(rate, (records / (performance.now() - start)) * 1000)
    const { user, system } = process.cpuUsage(cpu)
    cpuRate = Math.max(cpuRate, (records / (user + system)) * 1e6)
  }
  console.log(`${name}: ${thousands(rate)} rows/s, ${thousands(cpuRate)} rows per CPU second`)
  return { rate, result: result! }
}

function thousands(rate: number): string {
  return `${Math.round(rate / 1000)} k`
}

function writeSegment(): BuiltSegment {
  const writer = new SegmentWriter({
    identity: { topic: 'bench', incarnation: 1, partition: 0, timestampType: 'create' },
    codec: 'zstd',
    pool: new BufferPool(),
  })
  // One view that moves over the payloads, as a cursor does.
  const view = { ...payloads[0]! }
  for (let i = 0; i < records; i++) {
    const from = payloads[i % payloads.length]!
    view.offsetDelta = i
    view.timestampMs = 1.76e12 + i
    view.keyStart = from.keyStart
    view.keyLength = from.keyLength
    view.valueStart = from.valueStart
    view.valueLength = from.valueLength
    view.headersStart = from.headersStart
    writer.append(view)
  }
  return writer.finish()
}

/** The same rows and codec; the library takes whole columns, which are made before the clock starts. */
function writeByHyparquet(columnData: ColumnSource[]): { bytes: number } {
  const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }
  const buffer = parquetWriteBuffer({
    schema: schemaElements,
    columnData,
    codec: 'ZSTD',
    compressors: { ZSTD: (input) => zstdCompressSync(input, level) },
    rowGroupSize: 65_536,
  })
  return { bytes: buffer.byteLength }
}

function makeColumns(): ColumnSource[] {
  const rows = Array.from({ length: records }, (_, i) => payloads[i % payloads.length]!)
  const part = (start: number, length: number, bytes: Buffer) => bytes.subarray(start, start + length)
  return [
    { name: 'record_partition', data: new Int32Array(records) },
    { name: 'record_offset', data: BigInt64Array.from(rows, (_, i) => BigInt(i)) },
    { name: 'record_timestamp', data: BigInt64Array.from(rows, (_, i) => (1_760_000_000_000n + BigInt(i)) * 1000n) },
    { name: 'record_key', data: rows.map((row) => part(row.keyStart, row.keyLength, row.bytes)), bloomFilter: true },
    { name: 'record_value', data: rows.map((row) => part(row.valueStart, row.valueLength, row.bytes)) },
    { name: 'record_headers', data: rows.map(() => headers.map(({ key, value }) => ({ key, value }))) },
  ]
}

async function readSegment(file: Buffer): Promise<void> {
  const read = async (from: number, to: number): Promise<Buffer> => file.subarray(from, to)
  const reader = await SegmentReader.open({ path: 'bench.parquet', bytes: file.length, read })
  for (let group = 0; group < reader.rowGroups.length; group++) await reader.readRowGroup(group)
}

/** One buffer of payloads, each a key, a value and two headers, laid out as in a record batch. */
function makePayloads(count: number): RecordView[] {
  const parts: Buffer[] = []
  const views: Omit<RecordView, 'bytes'>[] = []
  let at = 0
  const add = (part: Buffer): number => {
    parts.push(part)
    at += part.length
    return at - part.length
  }
  for (let i = 0; i < count; i++) {
    const random = createHash('sha256').update(String(i)).digest('hex')
    const key = Buffer.from(`customer-${String((i * 7919) % 1_000_000_000).padStart(9, '0')}`)
    const value = Buffer.from(
      JSON.stringify({
        order: random.slice(0, 16),
        customer: key.toString(),
        status: ['placed', 'paid', 'shipped', 'returned'][i % 4],
        amount: (Number.parseInt(random.slice(0, 6), 16) / 100).toFixed(2),
        currency: 'EUR',
        at: new Date(1.76e12 + i * 977).toISOString(),
        note: random.slice(16, 36),
      }),
    )
    views.push({
      baseOffset: 0n,
      offsetDelta: i,
      timestampMs: 1.76e12 + i,
      keyStart: add(key),
      keyLength: key.length,
      valueStart: add(value),
      valueLength: value.length,
      headersStart: at,
      headerCount: headers.length,
    })
    for (const header of headers) {
      add(Buffer.from([header.key.length * 2]))
      add(header.key)
      add(Buffer.from([header.value.length * 2]))
      add(header.value)
    }
  }
  const bytes = Buffer.concat(parts)
  return views.map((view) => ({ bytes, ...view }))
}
