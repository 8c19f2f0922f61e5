import type { LogKey } from '../../catalog/log-paths.ts'
import { ConflictError, DamagedDataError, InvalidInputError, NotFoundError } from '../../errors.ts'
import type { CommittedSegment, PlannedSegment } from '../../format/segment.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import type { SegmentDescriber, SegmentDescription } from './segment-describer.ts'
import { sha256Of, sourceOf } from './stored-object.ts'

/** A segment that lies in the store, and the offsets of its rows. */
export interface AdoptedSegment {
  segment: CommittedSegment
  offsets: BigInt64Array
}

/**
 * Reads the object that lies at a planned segment's path: what is there first stays. Throws ConflictError
 * `segment-path-taken` when it cannot be that segment, NotFoundError `object-not-found` when there is none.
 */
export async function adopt(
  store: ObjectStore,
  describer: SegmentDescriber,
  key: LogKey,
  planned: PlannedSegment,
): Promise<AdoptedSegment> {
  const info = await store.head(planned.path)
  if (info === null) {
    throw new NotFoundError('object-not-found', `${planned.path} was there a moment ago and is gone`, {
      remedy: 'Find out who deletes objects of the archive; nothing but its own jobs may.',
      details: { object: planned.path },
    })
  }
  const sha256 = await sha256Of(store, info)
  const description = await describe(describer, store, info)
  const { identity, offsets, minTimestampMs, maxTimestampMs } = description
  if (
    identity.topic !== key.topic ||
    identity.incarnation !== key.incarnation ||
    identity.partition !== key.partition
  ) {
    const { topic, incarnation, partition } = identity
    throw taken(planned.path, `a segment of ${topic}-${partition}, incarnation ${incarnation}`)
  }
  const rows = offsets.toSorted()
  const firstOffset = rows[0] ?? planned.firstOffset
  const lastOffset = rows.at(-1) ?? planned.lastOffset
  if (firstOffset < planned.firstOffset || lastOffset > planned.lastOffset) {
    throw taken(
      planned.path,
      `rows ${firstOffset}..${lastOffset}, beyond ${planned.firstOffset}..${planned.lastOffset}`,
    )
  }
  const records = rows.length
  const { path } = planned
  const segment = { path, firstOffset, lastOffset, records, minTimestampMs, maxTimestampMs, bytes: info.bytes, sha256 }
  return { segment, offsets: rows }
}

async function describe(
  describer: SegmentDescriber,
  store: ObjectStore,
  info: { path: string; bytes: number },
): Promise<SegmentDescription> {
  try {
    return await describer.describe(sourceOf(store, info))
  } catch (error) {
    if (error instanceof DamagedDataError || error instanceof InvalidInputError)
      throw taken(info.path, 'no whole segment', error)
    throw error
  }
}

function taken(path: string, what: string, cause?: unknown): ConflictError {
  return new ConflictError(
    'segment-path-taken',
    `a segment is to be archived at ${path}, but what lies there is ${what}`,
    {
      remedy: `Find out who wrote ${path}, move it out of the archive, and start the capture again.`,
      cause,
      details: { object: path },
    },
  )
}
