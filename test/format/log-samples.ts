import fc from 'fast-check'
import { packGaps } from '../../src/format/gap-set.ts'
import type { CommitEntry, IntendEntry, Routing } from '../../src/format/log-entry.ts'

export const routing: Routing = {
  topicsDir: 'topics',
  pathFormat: "'year'=yyyy",
  timezone: 'UTC',
  partitionDurationMs: 3_600_000,
  timestampField: null,
  codec: 'zstd',
}

/** An intent of one segment of `rows` rows from `from` on, and one gap behind it. */
export function intend(seq: number, from: bigint, rows = 9): IntendEntry {
  const lastOffset = from + BigInt(rows) - 1n
  return {
    kind: 'intend',
    seq,
    writer: 'w',
    at: '2026-01-02T03:04:05.678Z',
    from,
    next: lastOffset + 2n,
    routing,
    segments: [
      {
        path: `topics/t/h/t+0+${String(from).padStart(10, '0')}.parquet`,
        firstOffset: from,
        lastOffset,
        records: rows,
      },
    ],
    gaps: packGaps([{ reason: 'control', firstOffset: lastOffset + 1n, lastOffset: lastOffset + 1n }]),
  }
}

/** The commit of an intent, as planned. */
export function commitOf(intent: IntendEntry): CommitEntry {
  const { writer, at, segments, gaps } = intent
  const sums = { bytes: 1234, sha256: 'ab'.repeat(32), minTimestampMs: -5, maxTimestampMs: 1_700_000_000_000 }
  return {
    kind: 'commit',
    seq: intent.seq + 1,
    writer,
    at,
    intent: intent.seq,
    segments: segments.map((segment) => ({ ...segment, ...sums })),
    gaps,
  }
}

const offset = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n - 1000n })

/** Entries of any content that an entry can have. */
export const anyEntry: fc.Arbitrary<IntendEntry | CommitEntry> = fc
  .tuple(fc.nat(), offset, fc.integer({ min: 1, max: 900 }), fc.string(), fc.boolean(), fc.option(fc.string()))
  .map(([seq, from, rows, writer, isCommit, timestampField]) => {
    const intent = { ...intend(seq, from, rows), writer, routing: { ...routing, timestampField } }
    return isCommit ? commitOf(intent) : intent
  })
