export { BufferPool } from './buffer-pool.ts'
export { SegmentReader, type SegmentSource } from './segment-reader.ts'
export { type FinishedSegment, SegmentWriter, type SegmentWriterOptions } from './segment-writer.ts'
