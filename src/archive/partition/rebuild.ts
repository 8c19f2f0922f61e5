import { unpackGaps } from '../../format/gap-set.ts'
import { GapBuilder } from '../../format/gaps.ts'
import type { IntendEntry } from '../../format/log-entry.ts'
import type { BufferPool } from '../../format/parquet/index.ts'
import { SegmentWriter } from '../../format/parquet/index.ts'
import { RecordCursor } from '../../format/record-batch/index.ts'
import type { PlannedSegment, SegmentIdentity } from '../../format/segment.ts'
import { bucketFolderOf } from '../../format/segment-path.ts'
import type { EventLog, ReadPosition } from '../../ports/event-log.ts'
import type { GapReason } from '../../ports/record-block.ts'
import type { Rebuilt } from '../commit/sealed.ts'
import { Router } from './route.ts'
import { walkFetch } from './walk-fetch.ts'

/** What reading a partition again takes. */
export interface RebuildParts {
  eventLog: EventLog
  identity: SegmentIdentity
  /** The broker's identity of the topic. */
  incarnationId: string
  pool: BufferPool
  signal: AbortSignal
}

const fetchBytes = 16 * 1024 * 1024
const fetchWaitMs = 500

/**
 * Builds the missing segments of an intent anew from what the broker still has, with the intent's own routing: the
 * writer that announced them may have had other settings.
 */
export async function rebuildSegments(
  intent: IntendEntry,
  missing: readonly PlannedSegment[],
  parts: RebuildParts,
): Promise<Rebuilt> {
  const { identity } = parts
  const router = new Router(intent.routing)
  const gaps = new GapBuilder()
  const writers = new Map(
    missing.map((segment) => [
      bucketFolderOf(segment.path, intent.routing.topicsDir, identity.topic),
      { segment, writer: new SegmentWriter({ identity, codec: intent.routing.codec, pool: parts.pool }) },
    ]),
  )
  const cursor = new RecordCursor()
  const isPassedOver = passedOverBy(intent)
  const position: ReadPosition = {
    topic: identity.topic,
    incarnationId: parts.incarnationId,
    partition: identity.partition,
    offset: intent.from,
    epoch: -1,
  }
  const reader = await parts.eventLog.openReader([position], { maxBytes: fetchBytes, maxWaitMs: fetchWaitMs })
  try {
    for (let next = intent.from; next < intent.next; ) {
      for (const fetch of await reader.next(parts.signal)) {
        next = walkFetch(fetch, next, cursor, {
          record(record, offsetOf) {
            const offset = offsetOf()
            if (offset >= intent.next || isPassedOver(offset)) return
            writers.get(router.folderAt(router.timestampOf(record)))?.writer.append(record)
          },
          gap(reason, firstOffset, lastOffset) {
            if (firstOffset < intent.next)
              gaps.add(reason, firstOffset, lastOffset < intent.next ? lastOffset : intent.next - 1n)
          },
          damaged(error, firstOffset) {
            if (firstOffset < intent.next && !isPassedOver(firstOffset)) throw error
          },
        })
      }
    }
  } finally {
    await reader.close()
  }
  const segments = new Map([...writers.values()].map(({ segment, writer }) => [segment.path, writer.finish()]))
  return { segments, gaps: gaps.build() }
}

/** Reasons of gaps in which the broker has records all the same. */
const passedOverReasons: ReadonlySet<GapReason> = new Set(['corrupt', 'unreadable', 'ignored', 'skipped'])

/** Tells of ascending offsets whether the intent's writer passed them over; what it did is done again. */
function passedOverBy(intent: IntendEntry): (offset: bigint) => boolean {
  const gaps = unpackGaps(intent.gaps, `intent ${intent.seq}`).filter(({ reason }) => passedOverReasons.has(reason))
  let next = 0
  return (offset) => {
    while (next < gaps.length && gaps[next]!.lastOffset < offset) next++
    return next < gaps.length && gaps[next]!.firstOffset <= offset
  }
}
