import type { CommittedSegment } from '../format/segment.ts'
import type { PartitionBounds, TimeWindow } from '../ports/query-engine.ts'
import { overlaps } from './overlaps.ts'
import { isPlainValue, partitionValuesOf } from './partition-columns.ts'

/**
 * Between what the partition columns of the segments lie that may hold rows of the window; null where nothing would be
 * left out, or paths have no such columns or not all the same. Taken from the paths themselves, so that it holds for
 * every path format, zone and source of the buckets' time. Engines that list folders see as much as was committed when
 * the query began.
 */
export function partitionBounds(segments: readonly CommittedSegment[], window: TimeWindow): PartitionBounds | null {
  if (window.fromMicros === null && window.untilMicros === null) return null
  const all = segments.map((segment) => ({ ...partitionValuesOf(segment.path), isNeeded: overlaps(segment, window) }))
  const columns = all[0]?.columns ?? []
  const isUniform = all.every((path) => path.columns.join('/') === columns.join('/'))
  if (columns.length === 0 || !isUniform) return null
  if (!all.every(({ values }) => values.every(isPlainValue))) return null
  const needed = all.filter(({ isNeeded }) => isNeeded).map(({ values }) => values)
  const first = range(needed.map(([value]) => value!))
  const joined = range(needed.map((values) => values.join('/')))
  return { columns, first, joined }
}

/** Least and greatest; of nothing an empty range, as no text lies between these. */
function range(texts: string[]): { from: string; to: string } {
  texts.sort()
  return { from: texts[0] ?? '~', to: texts.at(-1) ?? '!' }
}
