import { LOSSES } from '../format/gaps.ts'
import type { TopicSnapshot } from './snapshot.ts'

/** What the archive holds of a topic, in a few numbers. */
export interface TopicSummary {
  topic: string
  /** Partitions of the latest incarnation. */
  partitions: number
  incarnations: number
  segments: number
  records: number
  bytes: number
  /** Smallest and largest record timestamp, ISO 8601 UTC; null when there are no records. */
  firstTimestamp: string | null
  lastTimestamp: string | null
  /** Offsets that hold no row although they may have held data: retention, truncation, corruption. */
  lostOffsets: bigint
}

export function summarizeTopic(snapshot: TopicSnapshot): TopicSummary {
  const partitions = snapshot.incarnations.flatMap((incarnation) => incarnation.partitions)
  const segments = partitions.flatMap((partition) => partition.segments).filter((segment) => segment.records > 0)
  const gaps = partitions.flatMap((partition) => partition.gaps).filter((gap) => LOSSES.has(gap.reason))
  return {
    topic: snapshot.topic,
    partitions: snapshot.incarnations.at(-1)?.partitions.length ?? 0,
    incarnations: snapshot.incarnations.length,
    segments: segments.length,
    records: sum(segments.map((segment) => segment.records)),
    bytes: sum(segments.map((segment) => segment.bytes)),
    firstTimestamp:
      segments.length === 0
        ? null
        : iso(segments.reduce((least, { minTimestampMs }) => Math.min(least, minTimestampMs), Infinity)),
    lastTimestamp:
      segments.length === 0
        ? null
        : iso(segments.reduce((most, { maxTimestampMs }) => Math.max(most, maxTimestampMs), -Infinity)),
    lostOffsets: gaps.reduce((count, gap) => count + gap.offsets, 0n),
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

const iso = (timestampMs: number): string => new Date(timestampMs).toISOString()
