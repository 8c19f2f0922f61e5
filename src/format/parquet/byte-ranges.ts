import { damagedSegment } from './damage.ts'

/** Bytes `[startByte, endByte)` of a file. */
export interface ByteRange {
  startByte: number
  endByte: number
}

/** A segment in a store. */
export interface SegmentSource {
  /** Names it in errors. */
  path: string
  /** Size of the object. */
  bytes: number
  /** Bytes `[start, end)`. */
  read(start: number, end: number): Promise<Buffer>
}

/** Reads a range; throws DamagedDataError `segment-damaged` when the object ends before it does. */
export async function readRange(source: SegmentSource, start: number, end: number): Promise<Buffer> {
  const bytes = await source.read(start, end)
  if (bytes.length !== end - start) {
    throw damagedSegment(source.path, `bytes ${start} to ${end} are missing, it is shorter than ${source.bytes}`)
  }
  return bytes
}

/**
 * Reads ranges, in the order they were given. Those with at most `maxGapBytes` between them come by one request: what
 * lies between is read for nothing, which costs less than another request.
 */
export async function readRanges(
  source: SegmentSource,
  ranges: readonly ByteRange[],
  maxGapBytes: number,
): Promise<Buffer[]> {
  const order = ranges.map((_, i) => i).sort((a, b) => ranges[a]!.startByte - ranges[b]!.startByte)
  const requests: (ByteRange & { members: number[] })[] = []
  for (const i of order) {
    const { startByte, endByte } = ranges[i]!
    const last = requests.at(-1)
    if (last !== undefined && startByte <= last.endByte + maxGapBytes) {
      last.members.push(i)
      last.endByte = Math.max(last.endByte, endByte)
    } else requests.push({ startByte, endByte, members: [i] })
  }
  const found: Buffer[] = new Array(ranges.length)
  await Promise.all(
    requests.map(async ({ startByte, endByte, members }) => {
      const bytes = await readRange(source, startByte, endByte)
      for (const i of members) {
        found[i] = bytes.subarray(ranges[i]!.startByte - startByte, ranges[i]!.endByte - startByte)
      }
    }),
  )
  return found
}

/** The same segment; what lies within `bytes`, which begin at `start`, is not read again. */
export function withHeldBytes(source: SegmentSource, start: number, bytes: Buffer): SegmentSource {
  return {
    ...source,
    read(from, to) {
      if (from < start || to > start + bytes.length) return source.read(from, to)
      return Promise.resolve(bytes.subarray(from - start, to - start))
    },
  }
}
