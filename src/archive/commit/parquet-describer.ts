import { SegmentReader } from '../../format/parquet/index.ts'
import type { SegmentDescriber } from './segment-describer.ts'

/** Describes the archive's Parquet segments: reads the footer and the offsets, nothing else. */
export const parquetDescriber: SegmentDescriber = {
  async describe(source) {
    const reader = await SegmentReader.open(source)
    const { identity, rowGroups } = reader
    return {
      identity,
      offsets: await reader.readOffsets(),
      minTimestampMs: toMs(
        rowGroups.map(({ minTimestampMicros }) => minTimestampMicros).reduce<bigint | null>(smaller, null),
      ),
      maxTimestampMs: toMs(
        rowGroups.map(({ maxTimestampMicros }) => maxTimestampMicros).reduce<bigint | null>(larger, null),
      ),
    }
  },
}

function smaller(a: bigint | null, b: bigint): bigint {
  return a === null || b < a ? b : a
}

function larger(a: bigint | null, b: bigint): bigint {
  return a === null || b > a ? b : a
}

/** Segments hold whole milliseconds, written as microseconds. */
function toMs(micros: bigint | null): number {
  return micros === null ? 0 : Number(micros / 1000n)
}
