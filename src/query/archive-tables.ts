import type { CommittedSegment } from '../format/segment.ts'
import type { ArchiveTable, LocalTables, TableSource, TimeWindow } from '../ports/query-engine.ts'
import type { ArchiveSnapshots } from './archive-snapshots.ts'
import { overlaps } from './overlaps.ts'
import { partitionColumns, partsOf } from './partition-columns.ts'
import type { HeldFiles, SegmentFiles } from './segment-files.ts'

/** The tables of one query: each topic at one snapshot, pruned to the window. */
export class ArchiveTables implements TableSource {
  readonly #snapshots: ArchiveSnapshots
  readonly #files: SegmentFiles
  readonly #window: TimeWindow | null
  readonly #held: HeldFiles[] = []

  constructor(snapshots: ArchiveSnapshots, files: SegmentFiles, window: TimeWindow | null) {
    this.#snapshots = snapshots
    this.#files = files
    this.#window = window
  }

  names(): Promise<readonly string[]> {
    return this.#snapshots.topics()
  }

  async load(names: readonly string[], signal: AbortSignal): Promise<LocalTables> {
    const tables: ArchiveTable[] = []
    const needed: CommittedSegment[] = []
    for (const name of names) {
      const all = await this.#snapshots.load(name)
      signal.throwIfAborted()
      const segments = all.filter((segment) => overlaps(segment, this.#window))
      needed.push(...segments)
      tables.push({
        name,
        partitionColumns: partitionColumns(all),
        parts: partsOf(segments),
        bytes: segments.reduce((sum, segment) => sum + segment.bytes, 0),
        window: this.#window,
      })
    }
    this.#held.push(await this.#files.hold(needed, signal))
    return { folder: this.#files.folder, tables }
  }

  /** The query has ended: nobody reads the files any more. */
  release(): void {
    for (const held of this.#held.splice(0)) held.release()
  }
}
