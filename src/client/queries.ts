import type { Caller, CallOptions } from './call.ts'

/** One SELECT, or a template. */
export type Query = { sql: string } | { template: string }

export interface QueryOptions extends CallOptions {
  parameters?: Readonly<Record<string, string | number | boolean>>
  /** Rows at most; the service has a limit of its own. */
  limit?: number
}

/** Integers beyond 2^53 are text; bytes are text when they are UTF-8, else `{base64}`. */
export interface QueryAnswer {
  columns: { name: string; type: string }[]
  rows: Readonly<Record<string, unknown>>[]
  /** There were more rows than the limit. */
  truncated: boolean
  statistics: { rows: number; files: number; bytes: number; elapsedMs: number }
}

/** `/v1/queries`: SQL over the archive. */
export class Queries {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  /** Throws ProblemError `sql-invalid`, `sql-forbidden`. */
  run(query: Query, { parameters, limit, ...options }: QueryOptions = {}): Promise<QueryAnswer> {
    const body = { ...query, parameters, limit }
    return this.#caller.json({ method: 'POST', path: ['v1', 'queries'], body, ...options })
  }
}
