import { concurrently } from '../../catalog/concurrently.ts'
import { type LogKey, logPrefix } from '../../catalog/log-paths.ts'
import { loadTopic, type PartitionSnapshot, type TopicSnapshot } from '../../catalog/snapshot.ts'
import { topicFolder } from '../../format/segment-path.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { sortedOffsets } from '../commit/exact-gaps.ts'
import type { SegmentDescriber } from '../commit/segment-describer.ts'
import { coverageFindings, coverageGroups } from './verify-coverage.ts'
import { type Finding, finding } from './verify-finding.ts'
import { checkSegment } from './verify-segment.ts'

export type { Finding } from './verify-finding.ts'

/** What verification tells on its way. */
export type VerifyEvent = { kind: 'finding'; finding: Finding } | ({ kind: 'progress' } & VerifyProgress)

export interface VerifyProgress {
  /** Segments of the whole topic. */
  segments: number
  checkedSegments: number
  checkedBytes: number
  /** Rows and explained gaps that were found, as offsets. */
  checkedOffsets: bigint
}

export interface VerifyOptions {
  describer: SegmentDescriber
  /** First folder of segments, as the connector says now; those of the segments in the log are looked at too. */
  topicsDir: string
}

/** Segments read at once. */
const CONCURRENCY = 4
/** Objects that no log entry names, kept until the log is read again. */
const UNKNOWN_AT_ONCE = 1000

/**
 * Certifies a topic: every offset of every partition's archived range is exactly one row or one explained gap, every
 * object is there with the size and checksum of its commit, and nothing else lies in the topic's folders. Segments of an
 * open intent are on their way and no findings. Holds one commit's offsets in memory at a time. Throws UnavailableError.
 */
export async function* verifyTopic(
  store: ObjectStore,
  snapshot: TopicSnapshot,
  options: VerifyOptions,
): AsyncGenerator<VerifyEvent> {
  const { topic, incarnations } = snapshot
  const segments = incarnations.flatMap(({ partitions }) => partitions).reduce((sum, p) => sum + p.segments.length, 0)
  const progress: VerifyProgress = { segments, checkedSegments: 0, checkedBytes: 0, checkedOffsets: 0n }
  for (const { incarnation, partitions } of incarnations) {
    for (const partition of partitions) {
      yield* verifyPartition(
        store,
        options,
        { topic, incarnation, partition: partition.partition },
        partition,
        progress,
      )
    }
  }
  for (const folder of foldersOf(snapshot, options.topicsDir)) yield* findUnknown(store, snapshot, folder)
}

async function* verifyPartition(
  store: ObjectStore,
  { describer }: VerifyOptions,
  key: LogKey,
  partition: PartitionSnapshot,
  progress: VerifyProgress,
): AsyncGenerator<VerifyEvent> {
  for (const group of coverageGroups(partition)) {
    const checked = await concurrently(group.segments, CONCURRENCY, (segment) =>
      checkSegment(store, describer, key, segment),
    )
    const rows = sortedOffsets(checked.map(({ offsets }) => offsets ?? new BigInt64Array(0)))
    const broken = checked.map((segment) => segment.finding).filter((found) => found !== null)
    const findings = [...broken, ...coverageFindings(group, rows, broken.length > 0, logPrefix(key))]
    for (const found of findings) yield { kind: 'finding', finding: found }
    progress.checkedSegments += group.segments.length
    progress.checkedBytes += group.segments.reduce((sum, { bytes }) => sum + bytes, 0)
    progress.checkedOffsets += group.next - group.from
    yield { kind: 'progress', ...progress }
  }
}

/** Objects in the folder that no log entry names. What the log names by now, a capture wrote in the meantime. */
async function* findUnknown(store: ObjectStore, snapshot: TopicSnapshot, folder: string): AsyncGenerator<VerifyEvent> {
  const named = pathsOf(snapshot)
  let unknown: string[] = []
  const confirm = async (): Promise<VerifyEvent[]> => {
    const namedNow = unknown.length === 0 ? named : pathsOf(await loadTopic(store, snapshot.topic))
    const left = unknown.filter((path) => !namedNow.has(path))
    unknown = []
    return left.map((path) => ({
      kind: 'finding',
      finding: finding('segment-unknown', path, `${path} lies among the segments, but no log entry names it`),
    }))
  }
  for await (const { path } of store.list(folder)) {
    if (!named.has(path)) unknown.push(path)
    if (unknown.length >= UNKNOWN_AT_ONCE) yield* await confirm()
  }
  yield* await confirm()
}

function pathsOf({ incarnations }: TopicSnapshot): Set<string> {
  const partitions = incarnations.flatMap((incarnation) => incarnation.partitions)
  return new Set(
    partitions.flatMap(({ segments, openIntent }) => [
      ...segments.map(({ path }) => path),
      ...(openIntent?.segments.map(({ path }) => path) ?? []),
    ]),
  )
}

function foldersOf({ topic, incarnations }: TopicSnapshot, topicsDir: string): Set<string> {
  const folders = new Set([topicFolder(topicsDir, topic)])
  const inner = topicFolder('', topic)
  for (const { partitions } of incarnations) {
    for (const { segments } of partitions) {
      for (const { path } of segments) {
        const at = path.indexOf(inner)
        if (at > 0) folders.add(path.slice(0, at + inner.length))
      }
    }
  }
  return folders
}
