import type { CommittedSegment } from '../format/segment.ts'
import type { QueryColumn, QueryEngine, QueryLimits, QueryValue } from '../ports/query-engine.ts'
import type { ArchiveSnapshots } from './archive-snapshots.ts'
import { checkType, guardStatement, ofCondition, pickStatement, typeStatement } from './condition.ts'
import { partitionColumns } from './partition-columns.ts'
import { PickLine } from './pick-line.ts'
import { type PartitionSegment, type PickedOffsets, PickQueue } from './pick-queue.ts'
import { PickedByPartition } from './picked-by-partition.ts'
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

/** A partition of a topic; what was a topic of the same name before is another incarnation. */
export interface PickedPartition {
  topic: string
  incarnation: number
  partition: number
}

/** Conditions that are remembered: a replay has one, and asks for each of its partitions. */
const maxRemembered = 1000

/** Picks rows by an SQL condition over their columns, on the query engine. */
export class RowPicker {
  readonly #parts: RowPickerParts
  readonly #slots: Slots
  /** The partition columns of topics, by the conditions that were found to be such with them. */
  readonly #compiled = new Map<string, string[]>()
  /** By condition, topic and incarnation: an offset stands for one row of a partition in it. */
  readonly #queues = new Map<string, PickQueue>()

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
    const { columns, checks } = await this.#checksOf(condition, topic, signal)
    const found = await Promise.allSettled(checks.map((check) => this.#inTurn(signal, check)))
    for (const result of found) if (result.status === 'rejected') throw result.reason
    remember(this.#compiled, keyOf(condition, topic), columns)
  }

  /** What the condition selects of a partition. `ahead`: its segments in the order in which they will be asked for. */
  of(condition: string, place: PickedPartition, ahead: readonly CommittedSegment[] = []): PickLine {
    const { topic, incarnation, partition } = place
    return new PickLine({
      partition,
      segments: ahead,
      files: this.#parts.files,
      queue: this.#queueOf(condition, topic, incarnation),
      alone: async (segment, signal) => {
        const looking = () => this.#look(condition, topic, [{ partition, segment }], signal)
        return (await this.#inTurn(signal, looking)).get(partition) ?? new BigInt64Array(0)
      },
    })
  }

  #queueOf(condition: string, topic: string, incarnation: number): PickQueue {
    const known = this.#queues.get(keyOf(condition, topic, incarnation))
    if (known !== undefined) {
      known.begin()
      return known
    }
    const never = new AbortController().signal
    const queue = new PickQueue(
      (segments, signal) => this.#look(condition, topic, segments, signal),
      () => this.#slots.take(never),
    )
    remember(this.#queues, keyOf(condition, topic, incarnation), queue)
    return queue
  }

  async #inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const leave = await this.#slots.take(signal)
    try {
      return await work()
    } finally {
      leave()
    }
  }

  /** The topic's partition columns, and the statements that show whether the condition is one. */
  async #checksOf(condition: string, topic: string, signal: AbortSignal) {
    const columns = partitionColumns((await this.#parts.snapshots.load(topic)).segments)
    const checks = [
      () => this.#run(condition, guardStatement, [], columns, signal, () => undefined),
      () => this.#run(condition, typeStatement, [], columns, signal, ({ columns: typed }) => checkType(typed)),
    ]
    return { columns, checks }
  }

  /** The topic's partition columns, after the condition was found to be one. */
  async #compile(condition: string, topic: string, signal: AbortSignal): Promise<string[]> {
    const { columns, checks } = await this.#checksOf(condition, topic, signal)
    for (const check of checks) await check()
    remember(this.#compiled, keyOf(condition, topic), columns)
    return columns
  }

  async #look(
    condition: string,
    topic: string,
    asked: readonly PartitionSegment[],
    signal: AbortSignal,
  ): Promise<PickedOffsets> {
    const columns = this.#compiled.get(keyOf(condition, topic)) ?? (await this.#compile(condition, topic, signal))
    const segments = asked.map(({ segment }) => segment)
    const picked = new PickedByPartition(asked)
    await this.#run(condition, pickStatement, segments, columns, signal, ({ rows }) => {
      for (const [partition, offset] of rows) picked.add(partition as number, offset as bigint)
    })
    return picked.sorted()
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
    // one more than there should be, so that it is seen
    const maxRows = segments.reduce((sum, { records }) => sum + records, 1)
    try {
      table.bring(signal)
      const sql = statement(condition, engine.dialect.identifier(table.name))
      const bounds = { ...limits, maxRows, maxResultBytes: 64 * maxRows }
      const result = await engine.run({ sql, parameters: [], tables: table, limits: bounds }, signal)
      try {
        use({ columns: result.columns, rows: [] })
        for await (const rows of result.rows) use({ columns: result.columns, rows })
      } finally {
        await result.rows.return?.()
        await result.ended
      }
    } catch (error) {
      throw ofCondition(error, condition, table.name)
    } finally {
      table.release()
    }
  }
}

function remember<T>(known: Map<string, T>, key: string, value: T): void {
  if (known.size >= maxRemembered) known.clear()
  known.set(key, value)
}

function keyOf(...of: (string | number)[]): string {
  return JSON.stringify(of)
}
