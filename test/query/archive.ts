import { randomUUID } from 'node:crypto'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import { CommitLog } from '../../src/catalog/commit-log.ts'
import { resolveIncarnation } from '../../src/catalog/incarnations.ts'
import { packGaps } from '../../src/format/gap-set.ts'
import { complement } from '../../src/format/gaps.ts'
import { BufferPool, SegmentWriter } from '../../src/format/parquet/index.ts'
import { type OutgoingRecord, RecordCursor, RecordEncoder } from '../../src/format/record-batch/index.ts'
import type { CommittedSegment } from '../../src/format/segment.ts'
import { segmentPath } from '../../src/format/segment-path.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'

export interface ArchivedRecord extends OutgoingRecord {
  partition: number
  offset: bigint
}

const clock = new SystemClock()

/** Makes a topic known to the archive, with nothing of it archived. */
export async function archiveTopic(
  store: ObjectStore,
  topic: string,
  incarnationId = `id-of-${topic}`,
): Promise<number> {
  return await resolveIncarnation(store, { topic, incarnationId }, clock)
}

/** Archives records as capture does: a segment per partition and bucket, in the layout of the S3 sink, with its log. */
export async function archiveRecords(
  store: ObjectStore,
  topic: string,
  records: readonly ArchivedRecord[],
  folderOf: (timestampMs: number) => string = hourFolder,
  incarnationId?: string,
): Promise<CommittedSegment[]> {
  const incarnation = await archiveTopic(store, topic, incarnationId)
  const all: CommittedSegment[] = []
  for (const [partition, ofPartition] of Map.groupBy(records, (record) => record.partition)) {
    const segments: CommittedSegment[] = []
    for (const [folder, ofFolder] of Map.groupBy(ofPartition, (record) => folderOf(record.timestampMs))) {
      const { chunks, ...facts } = writeSegment(topic, incarnation, ofFolder)
      const parts = { topicsDir: 'topics', topic, incarnation, partition, firstOffset: facts.firstOffset }
      const path = segmentPath(parts, folder)
      await store.createIfAbsent(path, chunks)
      segments.push({ path, ...facts })
    }
    const log = await CommitLog.open({ store, key: { topic, incarnation, partition }, writer: randomUUID(), clock })
    const from = log.head.archived?.next ?? ofPartition[0]!.offset
    const planned = segments.map(({ path, firstOffset, lastOffset, records: count }) => ({
      path,
      firstOffset,
      lastOffset,
      records: count,
    }))
    const next = ofPartition.at(-1)!.offset + 1n
    const offsets = BigInt64Array.from(ofPartition, ({ offset }) => offset)
    const gaps = packGaps(complement(offsets, from, next).map((run) => ({ ...run, reason: 'compacted' as const })))
    await log.intend({ from, next, routing, segments: planned, gaps })
    await log.commit({ intent: log.head.openIntent!.seq, segments, gaps })
    all.push(...segments)
  }
  return all
}

/** `year=2025/month=01/day=14/hour=09` */
export function hourFolder(timestampMs: number): string {
  const [, year, month, day, hour] = /^(\d+)-(\d+)-(\d+)T(\d+)/.exec(new Date(timestampMs).toISOString())!
  return `year=${year}/month=${month}/day=${day}/hour=${hour}`
}

const routing = {
  topicsDir: 'topics',
  pathFormat: "'year'=yyyy/'month'=MM/'day'=dd/'hour'=HH",
  timezone: 'UTC',
  partitionDurationMs: 3_600_000,
  timestampField: null,
  codec: 'zstd' as const,
}

function writeSegment(topic: string, incarnation: number, records: readonly ArchivedRecord[]) {
  const identity = { topic, incarnation, partition: records[0]!.partition, timestampType: 'create' as const }
  const writer = new SegmentWriter({ identity, codec: 'zstd', pool: new BufferPool() })
  const encoder = new RecordEncoder()
  const cursor = new RecordCursor()
  for (const record of records) {
    encoder.appendRecord(record)
    cursor.open({ ...encoder.finish(), baseOffset: record.offset, lastOffset: record.offset })
    cursor.next()
    writer.append(cursor)
  }
  return writer.finish()
}
