import { appendAll } from '../format/append-all.ts'
import type { CommittedSegment } from '../format/segment.ts'
import type {
  ArchiveTable,
  LocalTables,
  QueryEstimate,
  RowBounds,
  TableSource,
  TimeWindow,
} from '../ports/query-engine.ts'
import type { ArchivedSegment, ArchivedTopic, ArchiveSnapshots } from './archive-snapshots.ts'
import { bytesOf } from './bytes-of.ts'
import type { SegmentRows } from './key-rows.ts'
import { overlaps } from './overlaps.ts'
import { isPlainValue, partitionColumns, partitionValuesOf, partsOf } from './partition-columns.ts'
import { ANY_TIME, rowWindow } from './row-window.ts'
import type { FoundByKeys, HeldFiles, SegmentFiles } from './segment-files.ts'
import { tableRows } from './table-rows.ts'

/** The tables of one query: each topic at one snapshot, pruned to the window. */
export class ArchiveTables implements TableSource {
  readonly #snapshots: ArchiveSnapshots
  readonly #files: SegmentFiles
  readonly #window: TimeWindow | null
  readonly #held: HeldFiles[] = []
  readonly #used = new Map<string, ArchivedTopic>()

  constructor(snapshots: ArchiveSnapshots, files: SegmentFiles, window: TimeWindow | null) {
    this.#snapshots = snapshots
    this.#files = files
    this.#window = window
  }

  /** The topics that the engine has asked for, as it was shown them. */
  get used(): ReadonlyMap<string, ArchivedTopic> {
    return this.#used
  }

  names(): Promise<readonly string[]> {
    return this.#snapshots.topics()
  }

  async load(
    names: readonly string[],
    signal: AbortSignal,
    bounds: ReadonlyMap<string, RowBounds> = new Map(),
  ): Promise<LocalTables> {
    const tables: ArchiveTable[] = []
    const needed: CommittedSegment[] = []
    for (const name of names) {
      const { all, segments: chosen } = await this.#choose(name, bounds)
      const { segments, rows } = await this.#withKeys(chosen, bounds.get(name), signal)
      signal.throwIfAborted()
      const columns = partitionColumns(all)
      if (rows === null) appendAll(needed, segments)
      tables.push({
        name,
        partitionColumns: columns,
        contents:
          rows === null
            ? { kind: 'files', parts: partsOf(segments), window: this.#window }
            : { kind: 'rows', rows: tableRows(rows.found, columns, this.#window) },
        files: segments.length,
        bytes: rows?.bytes ?? bytesOf(segments),
      })
    }
    this.#held.push(await this.#files.hold(needed, signal))
    return { folder: this.#files.folder, tables }
  }

  async #withKeys(
    segments: readonly ArchivedSegment[],
    bounds: RowBounds | undefined,
    signal: AbortSignal,
  ): Promise<FoundByKeys<ArchivedSegment>> {
    const keys = bounds?.keys ?? null
    if (bounds === undefined || keys === null) return { segments, rows: null }
    const window = rowWindow(bounds, [bounds.time, this.#window ?? ANY_TIME])
    const found = await this.#files.withKeys(segments, { keys, window }, signal)
    return found.rows?.found.every(hasPlainFolders) ? found : { segments: found.segments, rows: null }
  }

  async measure(names: readonly string[], bounds: ReadonlyMap<string, RowBounds> = new Map()): Promise<QueryEstimate> {
    const estimate = { files: 0, bytes: 0 }
    for (const name of names) {
      const { segments } = await this.#choose(name, bounds)
      estimate.files += segments.length
      estimate.bytes += bytesOf(segments)
    }
    return estimate
  }

  /** All segments of a topic, and those that may hold rows of the query. */
  async #choose(name: string, bounds: ReadonlyMap<string, RowBounds>) {
    const topic = await this.#snapshots.load(name)
    this.#used.set(name, topic)
    const all = topic.segments
    const asked = bounds.get(name)
    const segments = all.filter(
      (segment) => overlaps(segment, this.#window) && (asked === undefined || mayHold(segment, asked)),
    )
    return { all, segments }
  }

  /** The query has ended: nobody reads the files any more. */
  release(): void {
    for (const held of this.#held.splice(0)) held.release()
  }
}

function mayHold(segment: ArchivedSegment, { partitions, fromOffset, untilOffset, time }: RowBounds): boolean {
  if (partitions !== null && !partitions.includes(segment.partition)) return false
  if (fromOffset !== null && segment.lastOffset < fromOffset) return false
  if (untilOffset !== null && segment.firstOffset >= untilOffset) return false
  return overlaps(segment, time)
}

/** Other values of partition columns are for the engine to read from the paths. */
function hasPlainFolders({ segment }: SegmentRows): boolean {
  return partitionValuesOf(segment.path).values.every(isPlainValue)
}
