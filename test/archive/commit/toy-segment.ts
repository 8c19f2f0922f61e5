import { createHash } from 'node:crypto'
import type { SegmentDescriber } from '../../../src/archive/commit/segment-describer.ts'
import { DamagedDataError } from '../../../src/errors.ts'
import type { BuiltSegment } from '../../../src/format/segment.ts'

/** A row of the toy format. */
export interface ToyRow {
  offset: number
  value: string
}

interface ToyFile {
  topic: string
  incarnation: number
  partition: number
  rows: ToyRow[]
}

/** A segment as JSON: rows without Parquet, so that a simulation can do thousands of runs. */
export function buildToy(
  rows: readonly ToyRow[],
  identity = { topic: 't', incarnation: 1, partition: 0 },
): BuiltSegment {
  const bytes = Buffer.from(JSON.stringify({ ...identity, rows }))
  return {
    chunks: [bytes],
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    records: rows.length,
    firstOffset: BigInt(rows[0]?.offset ?? 0),
    lastOffset: BigInt(rows.at(-1)?.offset ?? -1),
    minTimestampMs: rows.length === 0 ? 0 : 1,
    maxTimestampMs: rows.length === 0 ? 0 : 2,
  }
}

/** The rows of a toy segment. */
export function toyRows(bytes: Uint8Array): ToyRow[] {
  return parse(bytes).rows
}

export const toyDescriber: SegmentDescriber = {
  async describe({ path, bytes, read }) {
    const { rows, ...identity } = parseOrThrow(path, await read(0, bytes))
    return {
      identity,
      offsets: BigInt64Array.from(rows, ({ offset }) => BigInt(offset)),
      minTimestampMs: rows.length === 0 ? 0 : 1,
      maxTimestampMs: rows.length === 0 ? 0 : 2,
    }
  },
}

function parse(bytes: Uint8Array): ToyFile {
  return JSON.parse(Buffer.from(bytes).toString())
}

function parseOrThrow(path: string, bytes: Uint8Array): ToyFile {
  try {
    return parse(bytes)
  } catch (error) {
    throw new DamagedDataError('segment-damaged', `${path} is no segment`, { remedy: 'Restore it.', cause: error })
  }
}
