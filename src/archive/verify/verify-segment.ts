import type { LogKey } from '../../catalog/log-paths.ts'
import { DamagedDataError, InvalidInputError } from '../../errors.ts'
import type { CommittedSegment } from '../../format/segment.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import type { SegmentDescriber, SegmentDescription } from '../commit/segment-describer.ts'
import { sha256Of, sourceOf } from '../commit/stored-object.ts'
import { type Finding, finding } from './verify-finding.ts'

/** A segment as it was found: its rows, or what is wrong with it. */
export type CheckedSegment = { offsets: BigInt64Array; finding: null } | { offsets: null; finding: Finding }

/** Holds the stored object to what the commit log says of it. */
export async function checkSegment(
  store: ObjectStore,
  describer: SegmentDescriber,
  key: LogKey,
  segment: CommittedSegment,
): Promise<CheckedSegment> {
  const { path, firstOffset, lastOffset, records } = segment
  const wrong = (code: Finding['code'], message: string): CheckedSegment => ({
    offsets: null,
    finding: finding(code, path, message, [{ firstOffset, lastOffset }]),
  })
  const info = await store.head(path)
  if (info === null) return wrong('segment-missing', `${path} is not there`)
  if (info.bytes !== segment.bytes)
    return wrong('segment-changed', `${path} has ${info.bytes} bytes, not ${segment.bytes}`)
  if ((await sha256Of(store, info)) !== segment.sha256) return wrong('segment-changed', `${path} has another checksum`)
  const description = await describe(describer, store, info)
  if (typeof description === 'string') return wrong('segment-damaged', `${path} cannot be read: ${description}`)
  const { identity, offsets } = description
  if (
    identity.topic !== key.topic ||
    identity.incarnation !== key.incarnation ||
    identity.partition !== key.partition
  ) {
    return wrong('segment-misplaced', `${path} says that it is of ${identity.topic}-${identity.partition}`)
  }
  const rows = offsets.toSorted()
  const isAsStated =
    rows.length === records && (records === 0 || (rows[0] === firstOffset && rows.at(-1) === lastOffset))
  if (!isAsStated) {
    const has = `${rows.length} rows ${rows[0] ?? '-'}..${rows.at(-1) ?? '-'}`
    return wrong('segment-misplaced', `${path} has ${has}, not ${records} rows ${firstOffset}..${lastOffset}`)
  }
  return { offsets: rows, finding: null }
}

/** What the segment says of itself, or why it cannot be read. */
async function describe(
  describer: SegmentDescriber,
  store: ObjectStore,
  info: { path: string; bytes: number },
): Promise<SegmentDescription | string> {
  try {
    return await describer.describe(sourceOf(store, info))
  } catch (error) {
    if (error instanceof DamagedDataError || error instanceof InvalidInputError) return error.message
    throw error
  }
}
