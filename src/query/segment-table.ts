import { randomUUID } from 'node:crypto'
import type { CommittedSegment } from '../format/segment.ts'
import type { LocalTables, QueryEstimate, TableSource } from '../ports/query-engine.ts'
import { bytesOf } from './bytes-of.ts'
import { partsOf } from './partition-columns.ts'
import type { HeldFiles, SegmentFiles } from './segment-files.ts'

/** Some segments of a topic as the one table there is, under a name that nobody else knows. */
export class SegmentTable implements TableSource {
  readonly name: string = `rows_${randomUUID().replaceAll('-', '')}`
  readonly #segments: readonly CommittedSegment[]
  readonly #partitionColumns: readonly string[]
  readonly #files: SegmentFiles
  #holding: Promise<HeldFiles> | null = null

  /** `partitionColumns`: those of the whole topic. */
  constructor(segments: readonly CommittedSegment[], partitionColumns: readonly string[], files: SegmentFiles) {
    this.#segments = segments
    this.#partitionColumns = partitionColumns
    this.#files = files
  }

  /** Has the files come while the engine still starts; what stands against it is thrown by `load`. */
  bring(signal: AbortSignal): void {
    this.#holding ??= this.#files.hold(this.#segments, signal)
    this.#holding.catch(() => undefined)
  }

  names(): Promise<readonly string[]> {
    return Promise.resolve([this.name])
  }

  async load(names: readonly string[], signal: AbortSignal): Promise<LocalTables> {
    if (!names.includes(this.name)) return { folder: this.#files.folder, tables: [] }
    // also for none of them: the folder that the engine is locked to has to be there
    this.#holding ??= this.#files.hold(this.#segments, signal)
    await this.#holding
    const table = {
      name: this.name,
      partitionColumns: this.#partitionColumns,
      contents: { kind: 'files' as const, parts: partsOf(this.#segments), window: null },
      files: this.#segments.length,
      bytes: bytesOf(this.#segments),
    }
    return { folder: this.#files.folder, tables: [table] }
  }

  async measure(names: readonly string[]): Promise<QueryEstimate> {
    if (!names.includes(this.name)) return { files: 0, bytes: 0 }
    return { files: this.#segments.length, bytes: bytesOf(this.#segments) }
  }

  /** The query has ended: nobody reads the files any more. */
  release(): void {
    this.#holding?.then(
      (held) => held.release(),
      () => undefined,
    )
    this.#holding = null
  }
}
