import { DamagedDataError } from '../errors.ts'
import type { CommittedSegment } from '../format/segment.ts'
import { offsetsBetween } from '../format/sorted-offsets.ts'
import type { QueryColumn, QueryEngine, QueryLimits, QueryValue } from '../ports/query-engine.ts'
import type { ArchiveSnapshots } from './archive-snapshots.ts'
import { checkType, guardStatement, ofCondition, pickStatement, typeStatement } from './condition.ts'
import { partitionColumns } from './partition-columns.ts'
import { SegmentBatches } from './segment-batches.ts'
import type { SegmentFiles } from './segment-files.ts'
import { SegmentTable } from './segment-table.ts'
import { Slots } from './slots.ts'

export interface RowPickerParts {
  engine: QueryEngine
  snapshots: ArchiveSnapshots
  files: SegmentFiles
  /** Time and memory of one statement. */
  limits: Pick<QueryLimits, 'timeoutMs' | 'maxMemoryBytes'>
  /** Statements that run at a time; the others wait. */
  concurrency: number
}

/** What a condition selects of a topic's segments. */
export interface PickedRows {
  /**
   * Offsets that the condition selects, ascending: those of the segment's rows, and maybe some of other rows of its
   * partition. Throws what QueryEngine.run throws, told of the condition.
   */
  pick(segment: CommittedSegment, signal: AbortSignal): Promise<BigInt64Array>
}

/** Conditions that are remembered: a replay has one, and asks for each of its partitions. */
const maxCompiled = 1000

/** Picks rows by an SQL condition over their columns, on the query engine. */
export class RowPicker {
  readonly #parts: RowPickerParts
  readonly #slots: Slots
  /** The partition columns of topics, by the conditions that were found to be such with them. */
  readonly #compiled = new Map<string, string[]>()

  constructor(parts: RowPickerParts) {
    this.#parts = parts
    this.#slots = new Slots(parts.concurrency, Number.POSITIVE_INFINITY)
  }

  /**
   * Has the engine compile the condition, over no rows. Throws InvalidInputError `sql-invalid` or `sql-forbidden` with
   * `line` and `column` in the condition's text unless it is one expression, of type BOOLEAN, over columns of a row;
   * NotFoundError `topic-not-archived`.
   */
  async validate(condition: string, topic: string, signal: AbortSignal): Promise<void> {
    await this.#compile(condition, topic, signal)
  }

  /**
   * What the condition selects of a topic. `ahead`: the segments of each partition in the order in which they will be
   * asked for; several of them are looked through by one statement, more and more at a time.
   */
  of(condition: string, topic: string, ahead: readonly (readonly CommittedSegment[])[] = []): PickedRows {
    const batches = new SegmentBatches(ahead)
    const picked = new Map<string, Promise<BigInt64Array>>()
    return {
      pick: async (segment, signal) => {
        const columns = this.#compiled.get(keyOf(condition, topic)) ?? (await this.#compile(condition, topic, signal))
        const alone = () => this.#pick(condition, columns, [segment], signal)
        let offsets = picked.get(segment.path)
        if (offsets === undefined) {
          const batch = batches.from(segment)
          if (batch.length === 1) return await alone()
          offsets = this.#pick(condition, columns, batch, signal)
          for (const { path } of batch) picked.set(path, offsets)
        }
        picked.delete(segment.path)
        const [found] = await Promise.allSettled([offsets])
        if (found.status === 'fulfilled') return offsetsBetween(found.value, segment.firstOffset, segment.lastOffset)
        // Another segment of the batch may be to blame, or the limits may be too low for all of them together.
        return await alone()
      },
    }
  }

  /** The topic's partition columns, after the condition was found to be one. */
  async #compile(condition: string, topic: string, signal: AbortSignal): Promise<string[]> {
    const columns = partitionColumns((await this.#parts.snapshots.load(topic)).segments)
    await this.#run(condition, guardStatement, [], columns, signal, () => undefined)
    await this.#run(condition, typeStatement, [], columns, signal, ({ columns: found }) => checkType(found))
    if (this.#compiled.size >= maxCompiled) this.#compiled.clear()
    this.#compiled.set(keyOf(condition, topic), columns)
    return columns
  }

  async #pick(
    condition: string,
    columns: readonly string[],
    segments: readonly CommittedSegment[],
    signal: AbortSignal,
  ): Promise<BigInt64Array> {
    const offsets = new BigInt64Array(segments.reduce((sum, { records }) => sum + records, 0))
    let count = 0
    await this.#run(condition, pickStatement, segments, columns, signal, ({ rows }) => {
      for (const [offset] of rows) offsets[count++] = offset as bigint
    })
    return offsets.subarray(0, count).sort()
  }

  /** Runs a statement around the condition; `use` is called with its columns, and with its rows as they come. */
  async #run(
    condition: string,
    statement: (condition: string, table: string) => string,
    segments: readonly CommittedSegment[],
    columns: readonly string[],
    signal: AbortSignal,
    use: (found: { columns: readonly QueryColumn[]; rows: readonly QueryValue[][] }) => void,
  ): Promise<void> {
    const { engine, files, limits } = this.#parts
    const table = new SegmentTable(segments, columns, files)
    const maxRows = segments.reduce((sum, { records }) => sum + records, 0)
    const leave = await this.#slots.take(signal)
    try {
      const sql = statement(condition, engine.dialect.identifier(table.name))
      const bounds = { ...limits, maxRows, maxResultBytes: 64 * (maxRows + 1) }
      const result = await engine.run({ sql, parameters: [], tables: table, limits: bounds }, signal)
      try {
        use({ columns: result.columns, rows: [] })
        for await (const rows of result.rows) use({ columns: result.columns, rows })
        if (result.statistics().truncated) throw moreRows(segments)
      } finally {
        await result.rows.return?.()
        await result.ended
      }
    } catch (error) {
      throw ofCondition(error, condition, table.name)
    } finally {
      table.release()
      leave()
    }
  }
}

function keyOf(condition: string, topic: string): string {
  return JSON.stringify([topic, condition])
}

function moreRows(segments: readonly CommittedSegment[]): DamagedDataError {
  const paths = segments.map(({ path }) => path)
  return new DamagedDataError('segment-unreadable', `There are more rows in ${paths.join(', ')} than were committed.`, {
    remedy: 'Run `coldstream verify` on the topic: it names what is damaged in the archive.',
    details: { paths },
  })
}
