import type { Caller, CallOptions } from './call.ts'

/** One SELECT, or a template. */
export type Query = { sql: string } | { template: string }

export interface QueryOptions extends CallOptions {
  parameters?: Readonly<Record<string, string | number | boolean>>
  /** Rows at most; the service has a limit of its own. */
  limit?: number
  /** Name of an engine that the service has; else its default. */
  engine?: string
  /** Record times to see, `from` on and before `until`: ISO 8601, or `now-24h`. */
  window?: { from?: string; until?: string }
}

/** Integers beyond 2^53 are text; bytes are text when they are UTF-8, else `{base64}`. */
export interface QueryAnswer {
  /** Of the run: `/v1/queries/<id>`. */
  id: string
  columns: { name: string; type: string }[]
  rows: Readonly<Record<string, unknown>>[]
  /** There were more rows than the limit. */
  truncated: boolean
  statistics: { rows: number; files: number; bytes: number; elapsedMs: number }
}

/** What the service says of a run; with rows when they were there in time. */
interface RunAnswer extends Pick<QueryAnswer, 'id' | 'truncated' | 'statistics'> {
  state: 'waiting' | 'running' | 'completed' | 'failed' | 'cancelled' | 'lost'
}

interface Page extends Pick<QueryAnswer, 'columns' | 'rows'> {
  next: number | null
}

/** A load balancer may cut requests that take longer. */
const WAIT_SECONDS = 30
const PAGE_ROWS = 10_000

/** `/v1/queries`: SQL over the archive. */
export class Queries {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  /** The whole answer, however long it takes. Throws ProblemError `sql-invalid`, `sql-forbidden`, `queries-of-key`. */
  async run(query: Query, { parameters, limit, engine, window, ...options }: QueryOptions = {}): Promise<QueryAnswer> {
    const body = { ...query, parameters, limit, engine, window }
    let run: RunAnswer & Partial<Page> = await this.#caller.json({
      method: 'POST',
      path: ['v1', 'queries'],
      body,
      ...options,
    })
    const path = ['v1', 'queries', run.id]
    while (run.state === 'waiting' || run.state === 'running') {
      run = await this.#caller.json({ method: 'GET', path, query: { wait: WAIT_SECONDS }, ...options })
    }
    const { id, truncated, statistics, columns, rows, next } = run
    const answer = { id, truncated, statistics, columns: columns ?? [], rows: [...(rows ?? [])] }
    // A run that failed says so here.
    for (let after = rows === undefined ? 0 : (next ?? null); after !== null; ) {
      const page: Page = await this.#caller.json({
        method: 'GET',
        path: [...path, 'results'],
        query: { after, limit: PAGE_ROWS },
        ...options,
      })
      answer.columns = page.columns
      answer.rows.push(...page.rows)
      after = page.next
    }
    return answer
  }
}
