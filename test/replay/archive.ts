import { randomUUID } from 'node:crypto'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import { CommitLog } from '../../src/catalog/commit-log.ts'
import { resolveIncarnation } from '../../src/catalog/incarnations.ts'
import { packGaps } from '../../src/format/gap-set.ts'
import { complement } from '../../src/format/gaps.ts'
import { BufferPool, SegmentWriter } from '../../src/format/parquet/index.ts'
import { type OutgoingRecord, RecordCursor, RecordEncoder } from '../../src/format/record-batch/index.ts'
import type { CommittedSegment } from '../../src/format/segment.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import type { GapReason } from '../../src/ports/record-block.ts'

/** A record of a source topic. */
export interface SourceRecord extends OutgoingRecord {
  offset: bigint
}

export interface ArchiveCommit {
  topic: string
  partition: number
  /** Offsets `[from, next)`; those without a record become gaps. */
  from: bigint
  next: bigint
  /** Ascending by offset. */
  records: readonly SourceRecord[]
  gapReason?: GapReason
  rowGroupRows?: number
}

const hourMs = 3_600_000
const pool = new BufferPool()

/** Archives a range of a partition as capture does, one segment per hour of the records' timestamps. */
export async function archiveCommit(store: ObjectStore, commit: ArchiveCommit): Promise<CommittedSegment[]> {
  const { topic, partition, from, next, gapReason = 'compacted' } = commit
  const clock = new SystemClock()
  const incarnation = await resolveIncarnation(store, { topic, incarnationId: `id-of-${topic}` }, clock)
  const segments = await storeSegments(store, commit, incarnation)
  const offsets = BigInt64Array.from(commit.records.map(({ offset }) => offset))
  const gaps = packGaps(complement(offsets, from, next).map((run) => ({ ...run, reason: gapReason })))
  const log = await CommitLog.open({ store, key: { topic, incarnation, partition }, writer: randomUUID(), clock })
  const planned = segments.map(({ path, firstOffset, lastOffset, records }) => ({
    path,
    firstOffset,
    lastOffset,
    records,
  }))
  await log.intend({ from, next, routing, segments: planned, gaps })
  await log.commit({ intent: log.head.openIntent!.seq, segments, gaps })
  return segments
}

const routing = {
  topicsDir: 'topics',
  pathFormat: "'hour'=HH",
  timezone: 'UTC',
  partitionDurationMs: hourMs,
  timestampField: null,
  codec: 'zstd' as const,
}

async function storeSegments(
  store: ObjectStore,
  { topic, partition, records, rowGroupRows }: ArchiveCommit,
  incarnation: number,
): Promise<CommittedSegment[]> {
  const identity = { topic, incarnation, partition, timestampType: 'create' as const }
  const byHour = new Map<number, SegmentWriter>()
  const encoder = new RecordEncoder()
  const cursor = new RecordCursor()
  for (const record of records) {
    const hour = Math.floor(record.timestampMs / hourMs)
    const writer = byHour.get(hour) ?? new SegmentWriter({ identity, codec: 'zstd', pool, rowGroupRows })
    byHour.set(hour, writer)
    encoder.appendRecord(record)
    cursor.open({ ...encoder.finish(), baseOffset: record.offset, lastOffset: record.offset })
    cursor.next()
    writer.append(cursor)
  }
  const segments: CommittedSegment[] = []
  for (const [hour, writer] of byHour) {
    const { chunks, ...facts } = writer.finish()
    const path = `topics/${topic}/hour=${hour}/${topic}+${partition}+${facts.firstOffset}.parquet`
    await store.createIfAbsent(path, chunks)
    segments.push({ path, ...facts })
  }
  return segments
}

/** A record whose every field tells its partition and offset. */
export function sourceRecord(partition: number, offset: bigint, timestampMs: number): SourceRecord {
  const name = `${partition}/${offset}`
  return {
    offset,
    timestampMs,
    key: offset % 7n === 0n ? null : Buffer.from(`key of ${name}`),
    value: offset % 11n === 0n ? null : Buffer.from(`value of ${name}`),
    headers: offset % 3n === 0n ? [] : [{ key: Buffer.from('from'), value: Buffer.from(name) }],
  }
}
