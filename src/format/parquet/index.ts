export { BufferPool } from './buffer-pool.ts'
export type { RowGroupInfo } from './segment-footer.ts'
export { type BatchColumn, SegmentReader, type SegmentSource } from './segment-reader.ts'
export { type FinishedSegment, SegmentWriter, type SegmentWriterOptions } from './segment-writer.ts'
