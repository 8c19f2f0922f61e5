import { SegmentReader } from '../format/parquet/index.ts'
import type { CommittedSegment } from '../format/segment.ts'
import type { ObjectStore } from '../ports/object-store.ts'

/** Objects up to this size are brought as fast as asked about. */
const SMALL_BYTES = 64 * 1024
/** What is read first: the footer, as a rule. */
const TAIL_BYTES = 16 * 1024
/** Of more keys than this, a bloom filter would take one for present anyway. */
const MAX_KEYS = 256

/**
 * Whether a segment may hold a row with one of the keys, by the bounds and bloom filters in its file: two small requests
 * instead of its bytes. Throws DamagedDataError `segment-damaged`, and what the store throws.
 */
export async function mayHoldKeys(
  store: ObjectStore,
  { path, bytes }: CommittedSegment,
  keys: readonly Uint8Array[],
): Promise<boolean> {
  if (bytes <= SMALL_BYTES || keys.length > MAX_KEYS) return true
  const source = { path, bytes, read: (start: number, end: number) => store.getRange(path, start, end) }
  const reader = await SegmentReader.open(source, { tailBytes: TAIL_BYTES })
  for (const [index, { minKey, maxKey }] of reader.rowGroups.entries()) {
    const within = keys
      .map((key) => Buffer.from(key))
      .filter(
        (key) =>
          (minKey === null || Buffer.compare(key, minKey) >= 0) &&
          (maxKey === null || Buffer.compare(key, maxKey) <= 0),
      )
    if (within.length > 0 && (await reader.mayHoldKeys(index, within)).includes(true)) return true
  }
  return false
}
