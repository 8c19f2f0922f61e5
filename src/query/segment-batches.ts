import type { CommittedSegment } from '../format/segment.ts'

/** One statement looks through at most so much: it takes about a second, and its offsets stay a few megabytes. */
const maxBytes = 64 * 1024 * 1024
const maxRecords = 2_000_000

/**
 * How many segments one statement looks through. An engine takes longer to start than to read a small segment, so it is
 * given those that will be asked for next, too: twice as many each time, so that the first answer comes soon.
 */
export class SegmentBatches {
  readonly #lines = new Map<string, { line: Line; at: number }>()

  /** The segments of each partition in the order in which they will be asked for. */
  constructor(partitions: readonly (readonly CommittedSegment[])[]) {
    for (const segments of partitions) {
      const line = { segments, count: 1 }
      for (const [at, { path }] of segments.entries()) this.#lines.set(path, { line, at })
    }
  }

  /** The segment, and some of those that come behind it in its partition. */
  from(segment: CommittedSegment): readonly CommittedSegment[] {
    const place = this.#lines.get(segment.path)
    if (place === undefined) return [segment]
    const { line, at } = place
    let { bytes, records } = segment
    let end = at + 1
    for (; end < line.segments.length && end < at + line.count; end++) {
      bytes += line.segments[end]!.bytes
      records += line.segments[end]!.records
      if (bytes > maxBytes || records > maxRecords) break
    }
    line.count *= 2
    return line.segments.slice(at, end)
  }
}

/** The segments of a partition, and how many of them the next batch may have. */
interface Line {
  segments: readonly CommittedSegment[]
  count: number
}
