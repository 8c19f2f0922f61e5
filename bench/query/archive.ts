import { randomUUID } from 'node:crypto'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import { CommitLog } from '../../src/catalog/commit-log.ts'
import { resolveIncarnation } from '../../src/catalog/incarnations.ts'
import { BufferPool, SegmentWriter } from '../../src/format/parquet/index.ts'
import { RecordCursor, RecordEncoder } from '../../src/format/record-batch/index.ts'
import type { CommittedSegment } from '../../src/format/segment.ts'
import { segmentPath } from '../../src/format/segment-path.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import { hourFolder } from '../../test/query/archive.ts'

/** What is archived: orders over some hours, as a connector with hourly folders would. */
export interface ArchiveShape {
  topic: string
  records: number
  partitions: number
  hours: number
  /** Of a segment, at most. */
  segmentRecords: number
  keys: number
}

/** A day of so many records, in which a key has 40 of them. */
export function dayOf(records: number): ArchiveShape {
  const keys = Math.max(64, Math.floor(records / 40))
  return { topic: 'orders', records, partitions: 8, hours: 24, segmentRecords: 100_000, keys }
}

export const FIRST_HOUR = Date.UTC(2025, 0, 14)
const HOUR_MS = 3_600_000
/** Records that are encoded at a time. */
const BLOCK = 1000
/** Segments of one commit. */
const COMMIT_SEGMENTS = 100

const clock = new SystemClock()
const states = ['placed', 'paid', 'packed', 'shipped', 'returned'] as const

/** Writes the archive, and answers how many segments it has. */
export async function buildArchive(store: ObjectStore, shape: ArchiveShape): Promise<number> {
  const { topic, partitions } = shape
  const incarnation = await resolveIncarnation(store, { topic, incarnationId: `id-of-${topic}` }, clock)
  let count = 0
  for (let partition = 0; partition < partitions; partition++) {
    const segments: CommittedSegment[] = []
    for (const { path, chunks, facts } of segmentsOf(shape, incarnation, partition)) {
      await store.createIfAbsent(path, chunks)
      segments.push({ path, ...facts })
    }
    const log = await CommitLog.open({ store, key: { topic, incarnation, partition }, writer: randomUUID(), clock })
    for (let first = 0; first < segments.length; first += COMMIT_SEGMENTS) {
      const some = segments.slice(first, first + COMMIT_SEGMENTS)
      const range = { from: some[0]!.firstOffset, next: some.at(-1)!.lastOffset + 1n }
      const planned = some.map(({ path, firstOffset, lastOffset, records }) => ({
        path,
        firstOffset,
        lastOffset,
        records,
      }))
      await log.intend({ ...range, routing, segments: planned, gaps: [] })
      await log.commit({ intent: log.head.openIntent!.seq, segments: some, gaps: [] })
    }
    count += segments.length
  }
  return count
}

function* segmentsOf(shape: ArchiveShape, incarnation: number, partition: number) {
  const { topic, records, partitions, hours, segmentRecords } = shape
  const perHour = Math.floor(records / partitions / hours)
  let offset = 0
  for (let hour = 0; hour < hours; hour++) {
    for (let done = 0; done < perHour; done += segmentRecords) {
      const rows = Math.min(segmentRecords, perHour - done)
      const startMs = FIRST_HOUR + hour * HOUR_MS + Math.floor((done / perHour) * HOUR_MS)
      const stepMs = HOUR_MS / perHour
      const { chunks, ...facts } = segment(shape, incarnation, partition, offset, rows, startMs, stepMs)
      const parts = { topicsDir: 'topics', topic, incarnation, partition, firstOffset: facts.firstOffset }
      yield { path: segmentPath(parts, hourFolder(startMs)), chunks, facts }
      offset += rows
    }
  }
}

function segment(
  shape: ArchiveShape,
  incarnation: number,
  partition: number,
  first: number,
  rows: number,
  startMs: number,
  stepMs: number,
) {
  const identity = { topic: shape.topic, incarnation, partition, timestampType: 'create' as const }
  const writer = new SegmentWriter({ identity, codec: 'zstd', pool: new BufferPool() })
  const encoder = new RecordEncoder()
  const cursor = new RecordCursor()
  for (let done = 0; done < rows; done += BLOCK) {
    const until = Math.min(rows, done + BLOCK)
    for (let row = done; row < until; row++) {
      encoder.appendRecord(order(shape, partition, first + row, Math.floor(startMs + row * stepMs)))
    }
    const baseOffset = BigInt(first + done)
    cursor.open({ ...encoder.finish(), baseOffset, lastOffset: BigInt(first + until - 1) })
    while (cursor.next()) writer.append(cursor)
  }
  return writer.finish()
}

/** Keys stay in their partition; the same number makes the same order. */
function order({ keys, partitions }: ArchiveShape, partition: number, number: number, timestampMs: number) {
  const key = keyOf(partition + partitions * ((number * 7919) % Math.max(1, Math.floor(keys / partitions))))
  const value = {
    id: `${partition}-${number}`,
    type: states[number % states.length],
    version: 1 + (number % 3),
    order: key,
    at: new Date(timestampMs - (number % 50) * 1000).toISOString(),
    customer: `customer-${(number * 31) % 10_007}`,
    total: ((number * 17) % 100_000) / 100,
    items: [{ sku: `sku-${number % 997}`, count: 1 + (number % 4) }],
    note: 'to be delivered at the back door after five in the afternoon',
  }
  return {
    timestampMs,
    key: Buffer.from(key),
    value: Buffer.from(JSON.stringify(value)),
    headers: [{ key: Buffer.from('trace'), value: Buffer.from(`trace-${number % 65_536}`) }],
  }
}

export const keyOf = (number: number): string => `order-${number}`

const routing = {
  topicsDir: 'topics',
  pathFormat: "'year'=yyyy/'month'=MM/'day'=dd/'hour'=HH",
  timezone: 'UTC',
  partitionDurationMs: HOUR_MS,
  timestampField: null,
  codec: 'zstd' as const,
}
