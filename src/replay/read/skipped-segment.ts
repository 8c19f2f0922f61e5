import { createHash } from 'node:crypto'
import { JsonFields } from '../../format/json-fields.ts'
import { toJson } from '../../format/log-codec.ts'
import type { CommittedSegment } from '../../format/segment.ts'
import type { ObjectStore } from '../../ports/object-store.ts'

/** A segment that could not be read, and was passed over because that was accepted: a gap in what was emitted. */
export interface SkippedSegment {
  topic: string
  partition: number
  path: string
  firstOffset: bigint
  /** Inclusive. */
  lastOffset: bigint
  /** At most so many records are missing for it. */
  records: number
  reason: string
}

/** Findings that let a replay pass over segments. */
export const skippable: readonly string[] = ['segment-damaged', 'segment-missing']

/** Keeps, once, that the replay has passed over the segment. */
export async function noteSkipped(
  store: ObjectStore,
  id: string,
  topic: string,
  partition: number,
  segment: CommittedSegment,
  reason: string,
): Promise<void> {
  const { path, firstOffset, lastOffset, records } = segment
  const name = createHash('sha256').update(path).digest('hex').slice(0, 32)
  const skipped: SkippedSegment = { topic, partition, path, firstOffset, lastOffset, records, reason }
  await store.createIfAbsent(`${folderOf(id)}${name}.json`, [toJson({ version: 1, ...skipped })])
}

/** What the replay has passed over, by topic, partition and offset. Throws DamagedDataError `replay-damaged`. */
export async function listSkipped(store: ObjectStore, id: string): Promise<SkippedSegment[]> {
  const skipped: SkippedSegment[] = []
  for await (const { path } of store.list(folderOf(id))) {
    const fields = JsonFields.parse('replay-damaged', path, await store.get(path))
    skipped.push({
      topic: fields.text('topic'),
      partition: fields.count('partition'),
      path: fields.text('path'),
      firstOffset: fields.offset('firstOffset'),
      lastOffset: fields.offset('lastOffset'),
      records: fields.count('records'),
      reason: fields.text('reason'),
    })
  }
  return skipped.sort((a, b) =>
    a.topic === b.topic && a.partition === b.partition
      ? Number(a.firstOffset - b.firstOffset)
      : a.topic < b.topic || (a.topic === b.topic && a.partition < b.partition)
        ? -1
        : 1,
  )
}

function folderOf(id: string): string {
  return `replays/${id}/skipped/`
}
