import { AbortedError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type {
  BoundParameter,
  EngineQuery,
  PartitionBounds,
  QueryEngine,
  QueryLimits,
  QueryResult,
  TimeWindow,
} from '../ports/query-engine.ts'
import { bindByValue } from './ad-hoc.ts'
import type { ArchiveSnapshots } from './archive-snapshots.ts'
import { ArchiveTables } from './archive-tables.ts'
import { partitionBounds } from './partition-bounds.ts'
import type { SegmentFiles } from './segment-files.ts'
import { Slots } from './slots.ts'
import type { TemplateLibrary } from './template/library.ts'
import { render } from './template/render.ts'
import type { Template, TemplateInfo } from './template/template.ts'
import { type GivenValue, readValues, type TemplateValues } from './template/values.ts'
import { EARLIEST_MICROS, LATEST_MICROS } from './timestamp.ts'

/** A statement of the caller's own (parameters as `$name`), or a template by name. */
export type QueryRequest = QueryOptions & ({ sql: string } | { template: string })

interface QueryOptions {
  parameters?: Readonly<Record<string, GivenValue>>
  /** Only records of this time are seen, and only files that may hold some are read. A template's own window goes first. */
  window?: TimeWindow
  /** Lower than the service's; higher ones count as those. */
  limits?: Partial<QueryLimits>
}

export interface QueryServiceParts {
  engine: QueryEngine
  snapshots: ArchiveSnapshots
  files: SegmentFiles
  templates: TemplateLibrary
  clock: Clock
  /** The most that a query may take. */
  limits: QueryLimits
  /** Queries that run at a time, and that may wait for their turn. */
  concurrency: { running: number; waiting: number }
}

/** Answers SQL over the archive as it is now. */
export class QueryService {
  readonly #parts: QueryServiceParts
  readonly #slots: Slots

  constructor(parts: QueryServiceParts) {
    this.#parts = parts
    this.#slots = new Slots(parts.concurrency.running, parts.concurrency.waiting)
  }

  templates(): TemplateInfo[] {
    return this.#parts.templates.list().map(toInfo)
  }

  /**
   * Starts a query and resolves when its columns are known; its rows are to be read or given up by `return()`. Throws
   * what QueryEngine.run throws, NotFoundError `template-not-found`, InvalidInputError `template-parameters`,
   * UnavailableError `queries-busy`.
   */
  async run(request: QueryRequest, signal: AbortSignal): Promise<QueryResult> {
    const { engine, snapshots, files } = this.#parts
    const { sql, parameters, window } = await this.#statement(request)
    const leave = await this.#enter(signal)
    const tables = new ArchiveTables(snapshots, files, window)
    const finish = () => {
      tables.release()
      leave()
    }
    const query: EngineQuery = { sql, parameters, tables, limits: this.#limits(request.limits ?? {}) }
    try {
      const result = await engine.run(query, signal)
      result.ended.then(finish, finish)
      return result
    } catch (error) {
      finish()
      throw error
    }
  }

  async #statement(request: QueryRequest): Promise<Statement> {
    const given = request.parameters ?? {}
    if ('sql' in request) {
      return { sql: request.sql, parameters: bindByValue(given), window: request.window ?? null }
    }
    const template = this.#parts.templates.get(request.template)
    const topics = await this.#parts.snapshots.topics()
    const values = readValues(template, given, { nowMs: this.#parts.clock.nowMs(), topics })
    const window = windowOf(template, values) ?? request.window ?? null
    const { dialect } = this.#parts.engine
    // only an engine that finds the files by itself has to be told which
    const bounds = dialect.table && window ? await this.#bounds(values.identifiers.values(), window) : new Map()
    return { ...render(template, values, dialect, bounds), window }
  }

  async #bounds(topics: Iterable<string>, window: TimeWindow): Promise<Map<string, PartitionBounds>> {
    const bounds = new Map<string, PartitionBounds>()
    for (const topic of new Set(topics)) {
      const found = partitionBounds(await this.#parts.snapshots.load(topic), window)
      if (found !== null) bounds.set(topic, found)
    }
    return bounds
  }

  async #enter(signal: AbortSignal): Promise<() => void> {
    try {
      return await this.#slots.take(signal)
    } catch (error) {
      if (!signal.aborted) throw error
      throw new AbortedError('query-cancelled', 'The query was cancelled before it began.', {
        remedy: 'Run it again if you still need the answer.',
        cause: error,
      })
    }
  }

  #limits(asked: Partial<QueryLimits>): QueryLimits {
    const { maxRows, maxResultBytes, timeoutMs, maxMemoryBytes } = this.#parts.limits
    return {
      maxRows: Math.min(maxRows, asked.maxRows ?? maxRows),
      maxResultBytes: Math.min(maxResultBytes, asked.maxResultBytes ?? maxResultBytes),
      timeoutMs: Math.min(timeoutMs, asked.timeoutMs ?? timeoutMs),
      maxMemoryBytes: Math.min(maxMemoryBytes, asked.maxMemoryBytes ?? maxMemoryBytes),
    }
  }
}

interface Statement {
  sql: string
  parameters: BoundParameter[]
  window: TimeWindow | null
}

function windowOf(template: Template, values: TemplateValues): TimeWindow | null {
  if (template.window === null) return null
  const micros = (name: string): bigint => {
    const bound = values.bound.get(name)
    return bound?.type === 'timestamp' ? bound.value : 0n
  }
  const from = micros(template.window.from)
  const until = micros(template.window.until)
  return {
    fromMicros: from === EARLIEST_MICROS ? null : from,
    untilMicros: until === LATEST_MICROS ? null : until,
  }
}

function toInfo({ name, title, description, parameters, columns, window }: Template): TemplateInfo {
  return { name, title, description, parameters, columns, window }
}
