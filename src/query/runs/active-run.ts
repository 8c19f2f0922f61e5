import { AbortedError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { QueryColumn, QueryStatistics } from '../../ports/query-engine.ts'
import { gatherRows } from '../gather-rows.ts'
import type { QueryRequest, QueryService, StartedQuery } from '../query-service.ts'
import { recordOfError } from './run-error.ts'
import type { ResultPart, RunEnd, StoredFreshness } from './run-record.ts'
import type { RunStore } from './run-store.ts'

/** Rows are stored by so many values, a few MiB as a rule, or by so many bytes, roughly. */
const PART_VALUES = 200_000
const PART_BYTES = 32 * 1024 * 1024
/** How often the run looks whether another instance was asked to stop it. */
const CANCEL_CHECK_MS = 2_000

export interface ActiveRunParts {
  id: string
  queries: QueryService
  store: RunStore
  clock: Clock
  request: QueryRequest
  isFreshnessAsked: boolean
}

/** A run of this instance, from its request to its record's end. */
export class ActiveRun {
  state: 'waiting' | 'running' = 'waiting'
  progress: number | null = null
  readonly #parts: ActiveRunParts
  readonly #stop = new AbortController()
  #columns: readonly QueryColumn[] = []
  #statistics: QueryStatistics = { rows: 0, truncated: false, files: 0, bytes: 0, elapsedMs: 0 }
  #freshness: StoredFreshness[] | null = null
  readonly #stored: ResultPart[] = []

  constructor(parts: ActiveRunParts) {
    this.#parts = parts
  }

  /** Idempotent; a run that has ended is not changed by it. */
  cancel(): void {
    this.#stop.abort(cancelled())
  }

  /** Runs to the end and stores it. Rejects only when the end cannot be stored. */
  async run(): Promise<RunEnd> {
    const { id, store, clock, queries } = this.#parts
    const watch = setInterval(() => this.#lookForCancel(), CANCEL_CHECK_MS)
    // The line is short or the answer is late: nobody waits longer for a turn than a query may take.
    const waited = setTimeout(() => this.#stop.abort(waitedTooLong()), queries.limits.timeoutMs)
    let error: unknown = null
    try {
      await this.#execute(() => clearTimeout(waited))
    } catch (cause) {
      error = this.#stop.signal.aborted ? this.#stop.signal.reason : cause
    } finally {
      clearInterval(watch)
      clearTimeout(waited)
    }
    const wasCancelled = error instanceof AbortedError && error.code === 'query-cancelled'
    const end: RunEnd = {
      state: error === null ? 'completed' : wasCancelled ? 'cancelled' : 'failed',
      endedMs: clock.nowMs(),
      error: error === null ? null : recordOfError(error),
      columns: this.#columns,
      statistics: this.#statistics,
      parts: error === null ? this.#stored : [],
      freshness: this.#freshness,
    }
    if (error !== null && this.#stored.length > 0) await store.deleteRows(id)
    await store.writeEnd(id, end)
    return end
  }

  async #execute(onStart: () => void): Promise<void> {
    const { id, queries, request, isFreshnessAsked } = this.#parts
    const result = await queries.run(
      {
        ...request,
        id,
        onProgress: (share) => {
          this.progress = share
        },
      },
      this.#stop.signal,
      () => {
        this.state = 'running'
        onStart()
      },
    )
    this.#columns = result.columns
    try {
      if (isFreshnessAsked) this.#freshness = (await result.freshness()).map(storedFreshness)
      await this.#storeRows(result)
    } finally {
      await result.rows.return?.()
      this.#statistics = result.statistics()
    }
  }

  async #storeRows(result: StartedQuery): Promise<void> {
    const { id, store } = this.#parts
    const perPart = Math.max(1, Math.floor(PART_VALUES / Math.max(1, result.columns.length)))
    for await (const rows of gatherRows(result.rows, { rows: perPart, bytes: PART_BYTES })) {
      this.#stored.push(await store.writeRows(id, this.#stored.length, rows))
    }
  }

  #lookForCancel(): void {
    this.#parts.store.isToCancel(this.#parts.id).then(
      (asked) => {
        if (asked) this.cancel()
      },
      // The store may be away for a moment; the next look is soon.
      () => undefined,
    )
  }
}

function storedFreshness({ archivedUntil, brokerEnd, behindOffsets, ...rest }: Freshness): StoredFreshness {
  const text = (value: bigint | null) => (value === null ? null : String(value))
  return {
    ...rest,
    archivedUntil: String(archivedUntil),
    brokerEnd: text(brokerEnd),
    behindOffsets: text(behindOffsets),
  }
}

type Freshness = Awaited<ReturnType<StartedQuery['freshness']>>[number]

function cancelled(): AbortedError {
  return new AbortedError('query-cancelled', 'The query was cancelled.', {
    remedy: 'Run it again if you still need the answer.',
  })
}

function waitedTooLong(): AbortedError {
  return new AbortedError('query-timeout', 'The query was given up: it had no turn for as long as a query may take.', {
    remedy: 'Try again later, or allow more queries at a time (`query.maxRunning`).',
  })
}
