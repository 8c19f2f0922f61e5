import { keysWithin, maxProbedKeys, SegmentReader, sortedKeys } from '../format/parquet/index.ts'
import type { CommittedSegment } from '../format/segment.ts'
import type { ObjectStore } from '../ports/object-store.ts'

/** Objects up to this size are brought as fast as asked about. */
const SMALL_BYTES = 64 * 1024
/** What is read first: the footer, as a rule. */
const TAIL_BYTES = 16 * 1024

/**
 * Whether a segment may hold a row with one of the keys, by the bounds and bloom filters in its file: two small requests
 * instead of its bytes. Throws DamagedDataError `segment-damaged`, and what the store throws.
 */
export async function mayHoldKeys(
  store: ObjectStore,
  { path, bytes }: CommittedSegment,
  keys: readonly Uint8Array[],
): Promise<boolean> {
  if (bytes <= SMALL_BYTES || keys.length > maxProbedKeys) return true
  const source = { path, bytes, read: (start: number, end: number) => store.getRange(path, start, end) }
  const reader = await SegmentReader.open(source, { tailBytes: TAIL_BYTES })
  const range = sortedKeys({ exact: keys.map((key) => Buffer.from(key)), prefixes: [] })
  for (const [index, bounds] of reader.rowGroups.entries()) {
    const { exact } = keysWithin(range, bounds)
    if (exact.length > 0 && (await reader.mayHoldKeys(index, exact)).includes(true)) return true
  }
  return false
}
