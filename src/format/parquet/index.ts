export { BufferPool } from './buffer-pool.ts'
export { type FinishedSegment, SegmentWriter, type SegmentWriterOptions } from './segment-writer.ts'
