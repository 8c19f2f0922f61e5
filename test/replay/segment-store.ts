import type { SegmentWriterOptions } from '../../src/format/parquet/index.ts'
import type { CommittedSegment } from '../../src/format/segment.ts'
import type { OpenSegment } from '../../src/replay/read/merge.ts'
import type { OffsetPicker } from '../../src/replay/read/offset-picker.ts'
import { openSegment, type SegmentSourceOptions } from '../../src/replay/read/segment-source.ts'
import { MemoryStore } from '../catalog/memory-store.ts'
import { batchRows, identity, type Row, type TestRecord, writeSegment } from '../format/parquet/segment-kit.ts'

/** Counts what is read of its objects. */
export class CountingStore extends MemoryStore {
  bytesRead = 0

  override async get(path: string): Promise<Buffer> {
    return this.#count(await super.get(path))
  }

  override async getRange(path: string, start: number, end: number): Promise<Buffer> {
    return this.#count((await super.get(path)).subarray(start, end))
  }

  #count(bytes: Buffer): Buffer {
    this.bytesRead += bytes.length
    return bytes
  }
}

/** Stores the records as a segment, and says what its commit says. */
export function putSegment(
  store: MemoryStore,
  records: readonly TestRecord[],
  options: Partial<SegmentWriterOptions> & { pageRows?: number } = {},
): CommittedSegment {
  const { finished, file } = writeSegment(records, options)
  const { chunks: _, ...facts } = finished
  const path = `topics/orders/orders+7+${facts.firstOffset}.parquet`
  store.put(path, file)
  return { path, ...facts }
}

export const everything = {
  fromOffset: 0n,
  untilOffset: 2n ** 63n - 1n,
  fromTimestampMs: null,
  untilTimestampMs: null,
}

/** Opens a segment; what is not said is no condition. */
export function open(
  store: MemoryStore,
  segment: CommittedSegment,
  asked: Partial<Pick<SegmentSourceOptions, 'window' | 'criteria' | 'picker' | 'signal'>>,
): Promise<OpenSegment> {
  const { topic, incarnation, partition } = identity
  const none = { window: everything, criteria: null, picker: null, signal: new AbortController().signal }
  return openSegment({ store, segment, topic, incarnation, partition, ...none, ...asked })
}

/** A picker that keeps no copies. */
export function picking(pick: OffsetPicker['pick']): OffsetPicker {
  return { pick, looksAtCopies: false, copyOf: async () => null }
}

/** All rows that an opened segment gives. */
export async function drain(segment: OpenSegment): Promise<Row[]> {
  const rows: Row[] = []
  for (let batch = await segment.next(); batch !== null; batch = await segment.next()) rows.push(...batchRows(batch))
  return rows
}
