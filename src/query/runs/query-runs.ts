import { ConflictError, NotFoundError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import type { QueryEstimate } from '../../ports/query-engine.ts'
import type { QueryRequest, QueryService } from '../query-service.ts'
import { ActiveRun } from './active-run.ts'
import { type Allowance, checkAllowance } from './allowance.ts'
import { type ResultReader, resultReader } from './result-reader.ts'
import { RunBook } from './run-book.ts'
import { errorOfRecord } from './run-error.ts'
import type { RunEnd, RunRequest, RunView } from './run-record.ts'
import { newRunId, RunStore, resultsGone } from './run-store.ts'

export interface QueryRunsParts {
  queries: QueryService
  store: ObjectStore
  clock: Clock
  log: Log
  /** Of this process, for those who look for a run. */
  instance: string
  /** Of each API key. */
  allowance: Allowance
  /** How long results are kept, how many bytes of them, and how many runs are remembered. */
  kept: { resultsMs: number; resultsBytes: number; runs: number }
}

export interface RunOptions {
  /** Name of the API key. */
  by: string
  /** Says how far the archive is behind the broker, too. */
  isFreshnessAsked?: boolean
}

/** For storing what was found after the time limit, and clocks that differ. */
const GRACE_MS = 60_000

/** Queries with an id: their state, results, history and limits, kept in the archive. */
export class QueryRuns {
  readonly #parts: QueryRunsParts
  readonly #store: RunStore
  readonly #book: RunBook
  readonly #active = new Map<string, { run: ActiveRun; request: RunRequest; ended: Promise<RunEnd> }>()

  constructor(parts: QueryRunsParts) {
    this.#parts = parts
    this.#store = new RunStore(parts.store)
    this.#book = new RunBook({
      store: this.#store,
      clock: parts.clock,
      kept: parts.kept,
      longestMs: longestMs(parts.queries),
    })
  }

  /** Begins a run. Throws LimitError `queries-of-key` or `bytes-of-key`, InvalidInputError `engine-unknown`. */
  async start(request: QueryRequest, { by, isFreshnessAsked = false }: RunOptions): Promise<RunView> {
    const { queries, clock, instance, allowance } = this.#parts
    const ofKey = [...this.#active.values()].filter((active) => active.request.by === by).length
    const spent = allowance.maxBytesPerDay === Number.POSITIVE_INFINITY ? 0 : await this.#book.bytesToday(by)
    checkAllowance(allowance, by, ofKey, spent)
    const nowMs = clock.nowMs()
    const record: RunRequest = {
      id: newRunId(nowMs),
      by,
      sql: 'sql' in request ? request.sql : null,
      template: 'template' in request ? request.template : null,
      parameters: request.parameters ?? {},
      engine: request.engine ?? queries.engines[0]!,
      askedMs: nowMs,
      instance,
      deadlineMs: nowMs + longestMs(queries),
    }
    const run = new ActiveRun({ id: record.id, queries, store: this.#store, clock, request, isFreshnessAsked })
    const ended = this.#run(run, record)
    this.#active.set(record.id, { run, request: record, ended })
    // Who waits for it is told; nobody may be.
    ended.catch(() => undefined)
    return await this.get(record.id)
  }

  /** The run once it has ended, or as it is after that time. Rejects when its end cannot be stored. */
  async wait(id: string, waitMs: number, signal: AbortSignal): Promise<RunView> {
    const active = this.#active.get(id)
    if (active !== undefined && waitMs > 0) {
      const waiting = new AbortController()
      const first = AbortSignal.any([signal, waiting.signal])
      await Promise.race([active.ended, this.#parts.clock.sleep(waitMs, first).catch(() => undefined)])
      waiting.abort()
    }
    return await this.get(id)
  }

  /** Throws NotFoundError `query-not-found`. */
  async get(id: string): Promise<RunView> {
    const active = this.#active.get(id)
    if (active !== undefined) {
      const { request, run } = active
      return { ...request, state: run.state, progress: run.progress, end: null, resultsUntilMs: null }
    }
    const view = await this.#book.get(id)
    if (view !== null) return view
    throw new NotFoundError('query-not-found', `There is no query ${id}, or no longer.`, {
      remedy: 'List queries with GET /v1/queries; old ones are forgotten (`query.historyMaxRuns`).',
    })
  }

  /** Newest first, those before the id `before`. */
  async list({ before, limit }: { before?: string; limit: number }): Promise<RunView[]> {
    const past = await this.#book.list()
    const views = new Map(past.map((view) => [view.id, view]))
    for (const id of this.#active.keys()) views.set(id, await this.get(id))
    return [...views.values()]
      .filter(({ id }) => before === undefined || id < before)
      .sort((a, b) => (a.id < b.id ? 1 : -1))
      .slice(0, limit)
  }

  /** Ends the run, also one of another instance: that looks every two seconds. A run that has ended is left as it is. */
  async cancel(id: string): Promise<RunView> {
    const active = this.#active.get(id)
    if (active !== undefined) {
      active.run.cancel()
      await active.ended
      return await this.get(id)
    }
    const view = await this.get(id)
    if (view.state === 'running') await this.#store.askToCancel(id)
    return view
  }

  /**
   * The rows of a run. Throws NotFoundError, ConflictError `query-not-finished`, GoneError `query-results-gone`, and for one
   * that failed its own error.
   */
  async results(id: string): Promise<ResultReader> {
    const view = await this.get(id)
    const { end } = view
    if (end === null) {
      throw new ConflictError('query-not-finished', `Query ${id} is ${view.state}: it has no results yet.`, {
        remedy:
          view.state === 'lost'
            ? 'The instance that ran it is gone. Run it again.'
            : `Ask GET /v1/queries/${id}?wait=30 until it is completed.`,
      })
    }
    if (end.error !== null) throw errorOfRecord(end.error)
    const isOver = view.resultsUntilMs !== null && this.#parts.clock.nowMs() >= view.resultsUntilMs
    if (isOver || (end.parts.length > 0 && !(await this.#store.hasRows(id)))) throw resultsGone(id)
    return resultReader(this.#store, id, end)
  }

  async estimate(request: QueryRequest, signal: AbortSignal): Promise<QueryEstimate & { engine: string }> {
    return await this.#parts.queries.estimate(request, signal)
  }

  /** Stops what runs here, and stores that it was stopped. */
  async close(): Promise<void> {
    for (const { run } of this.#active.values()) run.cancel()
    await Promise.allSettled([...this.#active.values()].map(({ ended }) => ended))
    await this.#book.settle()
  }

  async #run(run: ActiveRun, request: RunRequest): Promise<RunEnd> {
    try {
      const [ended, asked] = await Promise.allSettled([run.run(), this.#store.writeRequest(request)])
      if (ended.status === 'rejected') throw ended.reason
      if (asked.status === 'rejected') throw asked.reason
      const end = ended.value
      this.#book.add(request, end)
      return end
    } finally {
      this.#active.delete(request.id)
      this.#book.tidy((error) =>
        this.#parts.log.warn('old results of queries cannot be removed', { error: String(error) }),
      )
    }
  }
}

/** A query may wait for its turn as long as it may run. */
function longestMs({ limits }: QueryService): number {
  return 2 * limits.timeoutMs + GRACE_MS
}
