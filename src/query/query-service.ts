import { AbortedError, InvalidInputError } from '../errors.ts'
import { mayName } from '../format/table-name.ts'
import type { CheckResult } from '../ports/check-result.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog } from '../ports/event-log.ts'
import type {
  BoundParameter,
  EngineQuery,
  PartitionBounds,
  QueryEngine,
  QueryEstimate,
  QueryLimits,
  QueryResult,
  TimeWindow,
} from '../ports/query-engine.ts'
import { bindByValue } from './ad-hoc.ts'
import type { ArchiveSnapshots } from './archive-snapshots.ts'
import { ArchiveTables } from './archive-tables.ts'
import { examineEngine } from './engine-check.ts'
import { freshnessOf, type PartitionFreshness } from './freshness.ts'
import { partitionBounds } from './partition-bounds.ts'
import { type RegisteredTable, registerPartitions } from './partition-registration.ts'
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
  /** Names the run: an engine that bills by the run starts it once, however often it is asked to. */
  id?: string
  parameters?: Readonly<Record<string, GivenValue>>
  /** Only records of this time are seen, and only files that may hold some are read. A template's own window goes first. */
  window?: TimeWindow
  /** Lower than the service's; higher ones count as those. */
  limits?: Partial<QueryLimits>
  /** By name; else the configured one. */
  engine?: string
  /** Called now and then with the share of the work that is done, 0 to 1, where the engine knows. */
  onProgress?: (share: number) => void
}

export interface QueryServiceParts {
  engines: readonly QueryEngine[]
  /** Name of the engine that runs what names none. */
  defaultEngine: string
  snapshots: ArchiveSnapshots
  files: SegmentFiles
  templates: TemplateLibrary
  clock: Clock
  /** The most that a query may take. */
  limits: QueryLimits
  /** Queries that run at a time, and that may wait for their turn. */
  concurrency: { running: number; waiting: number }
  /** Connects on first use. */
  broker: () => Promise<Pick<EventLog, 'describe' | 'bounds'>>
}

/** A query that has begun. */
export interface StartedQuery extends QueryResult {
  engine: string
  /** How far what this query sees is behind the broker. Throws UnavailableError `broker-unreachable`. */
  freshness(): Promise<PartitionFreshness[]>
}

/** Answers SQL over the archive as it is now. */
export class QueryService {
  readonly #parts: QueryServiceParts
  readonly #slots: Slots

  constructor(parts: QueryServiceParts) {
    this.#parts = parts
    this.#slots = new Slots(parts.concurrency.running, parts.concurrency.waiting)
  }

  /** Names of the engines, the default one first. */
  get engines(): string[] {
    const { engines, defaultEngine } = this.#parts
    return [...new Set([defaultEngine, ...engines.map(({ name }) => name)])]
  }

  /** The most that a query may take. */
  get limits(): QueryLimits {
    return this.#parts.limits
  }

  templates(): TemplateInfo[] {
    return this.#parts.templates.list().map(toInfo)
  }

  /**
   * Starts a query and resolves when its columns are known; its rows are to be read or given up by `return()`. `onStart` is
   * called when it has its turn. Throws what QueryEngine.run throws, NotFoundError `template-not-found`, InvalidInputError
   * `template-parameters`, `engine-unknown`, UnavailableError `queries-busy`.
   */
  async run(request: QueryRequest, signal: AbortSignal, onStart = (): void => undefined): Promise<StartedQuery> {
    const { engine, query, tables, topics } = await this.#prepare(request)
    const leave = await this.#enter(signal)
    const finish = () => {
      tables.release()
      leave()
    }
    try {
      onStart()
      const result = await engine.run(query, signal)
      result.ended.then(finish, finish)
      return Object.assign(result, { engine: engine.name, freshness: () => this.#freshness(tables, topics) })
    } catch (error) {
      finish()
      throw error
    }
  }

  /**
   * What a query would read at most. Of an engine with a catalog of its own that is all of the topics that the text may
   * name, as far as a template's window does not leave it out. Throws as `run`.
   */
  async estimate(request: QueryRequest, signal: AbortSignal): Promise<QueryEstimate & { engine: string }> {
    const { engine, query, tables, topics } = await this.#prepare(request)
    if (engine.estimate === undefined) {
      const most = await tables.measure(topics)
      const costUsd = engine.costUsd?.(most.bytes)
      return { engine: engine.name, ...most, ...(costUsd !== undefined && { costUsd }) }
    }
    const leave = await this.#enter(signal)
    try {
      return { engine: engine.name, ...(await engine.estimate(query, signal)) }
    } finally {
      leave()
    }
  }

  /** For a process that will answer many queries: those of an engine that can do so begin sooner. */
  keepReady(): void {
    for (const engine of this.#parts.engines) engine.keepReady?.()
  }

  /** Looks at each engine: whether it answers, and which topics it has no table of. */
  async examine(signal: AbortSignal): Promise<CheckResult[]> {
    const { snapshots, files, engines } = this.#parts
    const tables = new ArchiveTables(snapshots, files, null)
    return await Promise.all(engines.map((engine) => examineEngine(engine, tables, signal))).finally(() =>
      tables.release(),
    )
  }

  /** Tells the catalog of an engine of a topic's partitions. Throws what `registerPartitions` throws, `engine-unknown`. */
  async registerPartitions(engine: string, table: RegisteredTable, signal: AbortSignal): Promise<number> {
    return await registerPartitions(this.#engine(engine), table, signal)
  }

  async #prepare(request: QueryRequest) {
    const { snapshots, files } = this.#parts
    const engine = this.#engine(request.engine ?? this.#parts.defaultEngine)
    const { sql, parameters, window, topics } = await this.#statement(request, engine)
    const tables = new ArchiveTables(snapshots, files, window)
    const { id, onProgress } = request
    const limits = this.#limits(request.limits ?? {})
    const query: EngineQuery = {
      ...{ sql, parameters, tables, limits },
      ...(id !== undefined && { id }),
      ...(onProgress !== undefined && { onProgress }),
    }
    return { engine, query, tables, topics }
  }

  #engine(name: string): QueryEngine {
    const engine = this.#parts.engines.find((candidate) => candidate.name === name)
    if (engine !== undefined) return engine
    throw new InvalidInputError('engine-unknown', `There is no engine ${JSON.stringify(name)} here.`, {
      remedy: `Name one of ${this.engines.join(', ')}, or configure it.`,
    })
  }

  /** Of the topics that were shown to the engine; of one with its own catalog, those that its statement may name. */
  async #freshness(tables: ArchiveTables, topics: readonly string[]): Promise<PartitionFreshness[]> {
    const { broker, clock } = this.#parts
    if (tables.used.size === 0) await tables.measure(topics)
    return await freshnessOf(tables.used, await broker(), clock.nowMs())
  }

  async #statement(request: QueryRequest, { name, dialect, schema }: QueryEngine): Promise<Statement> {
    const given = request.parameters ?? {}
    const topics = await this.#parts.snapshots.topics()
    const findsFiles = schema !== undefined
    if ('sql' in request) {
      const { sql, window = null } = request
      if (findsFiles && window !== null) throw windowIgnored(name)
      const named = topics.filter((topic) => mayName(sql, topic))
      return { sql, parameters: bindByValue(given), window, topics: named }
    }
    const template = this.#parts.templates.get(request.template)
    const values = readValues(template, given, { nowMs: this.#parts.clock.nowMs(), topics })
    const own = windowOf(template, values)
    if (findsFiles && own === null && request.window !== undefined) throw windowIgnored(name)
    const window = own ?? request.window ?? null
    const used = [...values.identifiers.values()]
    // only an engine that finds the files by itself has to be told which
    const bounds = findsFiles && window ? await this.#bounds(used, window) : new Map()
    return { ...render(template, values, dialect, bounds), window, topics: used }
  }

  async #bounds(topics: Iterable<string>, window: TimeWindow): Promise<Map<string, PartitionBounds>> {
    const bounds = new Map<string, PartitionBounds>()
    for (const topic of new Set(topics)) {
      const found = partitionBounds((await this.#parts.snapshots.load(topic)).segments, window)
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
  /** Topics that it may read. */
  topics: readonly string[]
}

/** Engines that find the files by themselves see all records: better no answer than one about others. */
function windowIgnored(engine: string): InvalidInputError {
  return new InvalidInputError('query-usage', `${engine} cannot be held to the \`window\` of a request.`, {
    remedy:
      'Write the times into the statement, with the partition columns beside them, or take a template with a window of its own.',
  })
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
