import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openFileStore } from '../../src/adapters/file/store.ts'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import { CommitLog } from '../../src/catalog/commit-log.ts'
import { resolveIncarnation } from '../../src/catalog/incarnations.ts'
import type { CommittedSegment } from '../../src/format/segment.ts'
import { commitLogSnapshots } from '../../src/query/archive-snapshots.ts'
import { ArchiveTables } from '../../src/query/archive-tables.ts'
import { filesInPlace } from '../../src/query/segment-files.ts'
import { FIRST_HOUR } from './archive.ts'

/** From the request to the list of files that a statement reads, of a topic with so many segments. */
export interface Planning {
  segments: number
  /** In a process that has not read the topic's logs before. */
  firstMs: number
  /** In one that has: the median of some times. */
  againMs: number
}

export const PLANNING_SEGMENTS = 10_000
const PARTITIONS = 8
const HOUR_MS = 3_600_000

/** Logs alone: the files themselves are not looked at. */
export async function measurePlanning(segments: number): Promise<Planning> {
  const folder = await mkdtemp(join(tmpdir(), 'coldstream-bench-planning-'))
  try {
    const store = await openFileStore(pathToFileURL(folder).href)
    const clock = new SystemClock()
    const incarnation = await resolveIncarnation(store, { topic: 'orders', incarnationId: 'id' }, clock)
    const perPartition = Math.floor(segments / PARTITIONS)
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const log = await CommitLog.open({
        ...{ store, clock, writer: randomUUID() },
        key: { topic: 'orders', incarnation, partition },
      })
      for (let first = 0; first < perPartition; first += 100) {
        const some = Array.from({ length: Math.min(100, perPartition - first) }, (_, i) =>
          segmentAt(partition, first + i),
        )
        const range = { from: some[0]!.firstOffset, next: some.at(-1)!.lastOffset + 1n }
        await log.intend({ ...range, routing, segments: some, gaps: [] })
        await log.commit({ intent: log.head.openIntent!.seq, segments: some, gaps: [] })
      }
    }
    const snapshots = commitLogSnapshots(store)
    const plan = async (): Promise<number> => {
      const startedAt = performance.now()
      const fromMicros = BigInt(FIRST_HOUR + HOUR_MS) * 1000n
      const window = { fromMicros, untilMicros: fromMicros + BigInt(HOUR_MS) * 1000n }
      const tables = new ArchiveTables(snapshots, filesInPlace(store), window)
      await tables.load(await tables.names(), new AbortController().signal)
      return performance.now() - startedAt
    }
    const firstMs = await plan()
    const again: number[] = []
    for (let run = 0; run < 5; run++) again.push(await plan())
    return { segments, firstMs, againMs: again.sort((a, b) => a - b)[2]! }
  } finally {
    await rm(folder, { recursive: true })
  }
}

function segmentAt(partition: number, number: number): CommittedSegment {
  const minTimestampMs = FIRST_HOUR + number * HOUR_MS
  const [, year, month, day, hour] = /^(\d+)-(\d+)-(\d+)T(\d+)/.exec(new Date(minTimestampMs).toISOString())!
  const firstOffset = BigInt(number) * 1000n
  const name = `orders+${partition}+${String(firstOffset).padStart(10, '0')}.parquet`
  return {
    path: `topics/orders/year=${year}/month=${month}/day=${day}/hour=${hour}/${name}`,
    firstOffset,
    lastOffset: firstOffset + 999n,
    records: 1000,
    minTimestampMs,
    maxTimestampMs: minTimestampMs + HOUR_MS - 1,
    bytes: 100_000,
    sha256: '0'.repeat(64),
  }
}

const routing = {
  topicsDir: 'topics',
  pathFormat: "'year'=yyyy/'month'=MM/'day'=dd/'hour'=HH",
  timezone: 'UTC',
  partitionDurationMs: HOUR_MS,
  timestampField: null,
  codec: 'zstd' as const,
}
