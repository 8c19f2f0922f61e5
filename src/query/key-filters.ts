import { concurrently } from '../catalog/concurrently.ts'
import { keysWithin, maxProbedKeys, type SegmentReader, sortedKeys } from '../format/parquet/index.ts'
import type { CommittedSegment } from '../format/segment.ts'
import { type KeptReaders, SMALL_BYTES } from './kept-readers.ts'

/** Segments that are asked at a time; small requests, which wait more than they work. */
const CONCURRENT_LOOKS = 32

/**
 * The segments without those that hold no row with one of the keys, by the bounds and bloom filters in their files: two
 * small requests instead of a segment's bytes, none where they are kept. Those that `spare` names are not asked. Throws
 * what `KeptReaders.open` throws.
 */
export async function mayHoldKeys<Segment extends CommittedSegment>(
  readers: KeptReaders,
  segments: readonly Segment[],
  keys: readonly Uint8Array[],
  signal: AbortSignal,
  spare: (segment: Segment) => boolean = () => false,
): Promise<readonly Segment[]> {
  if (keys.length > maxProbedKeys) return segments
  const { exact } = sortedKeys({ exact: keys.map((key) => Buffer.from(key)), prefixes: [] })
  const keeps = readers.haveRoomFor(segments)
  const mayHold = await concurrently(segments, CONCURRENT_LOOKS, async (segment) => {
    signal.throwIfAborted()
    if (segment.bytes <= SMALL_BYTES || spare(segment)) return true
    return await holdsOneOf(await readers.open(segment, keeps), exact)
  })
  return segments.filter((_, i) => mayHold[i])
}

async function holdsOneOf(reader: SegmentReader, keys: readonly Buffer[]): Promise<boolean> {
  for (const [index, bounds] of reader.rowGroups.entries()) {
    const { exact } = keysWithin({ exact: keys, prefixes: [] }, bounds)
    if (exact.length > 0 && (await reader.mayHoldKeys(index, exact)).includes(true)) return true
  }
  return false
}
