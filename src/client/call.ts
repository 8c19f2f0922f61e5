import { type Problem, ProblemError, UnreachableError } from './errors.ts'

export interface ClientOptions {
  /** Where the service is: `http://localhost:8080`. */
  url: string
  /** Sent as a bearer token; needed where the service has keys configured. */
  apiKey?: string
  /** Instead of the global one. */
  fetch?: typeof fetch
}

/** What every call takes. */
export interface CallOptions {
  /** Ends the waiting; what the service was asked to do may be done nevertheless. */
  signal?: AbortSignal | undefined
}

/** One call of the REST API. */
export interface Call extends CallOptions {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Its parts are encoded: `['v1', 'replays', id]`. */
  path: readonly string[]
  /** Those that are undefined are left out. */
  query?: Readonly<Record<string, string | number | undefined>>
  /** Sent as JSON; undefined: no body. */
  body?: unknown
  idempotencyKey?: string | undefined
  accept?: string
}

/** Sends calls and reads answers; throws ProblemError and UnreachableError, or the signal's reason. */
export class Caller {
  readonly #base: string
  readonly #headers: Readonly<Record<string, string>>
  readonly #fetch: typeof fetch

  constructor({ url, apiKey, fetch: given }: ClientOptions) {
    this.#base = url.replace(/\/+$/, '')
    this.#headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
    this.#fetch = given ?? fetch
  }

  /** The answer's JSON, taken to be of the route's type; null when there is none. */
  async json<Answer>(call: Call): Promise<Answer> {
    const response = await this.send(call)
    return this.#reading(call, async () => {
      const text = await response.text()
      return (text === '' ? null : JSON.parse(text)) as Answer
    })
  }

  /** An answer that is none of an error. */
  async send(call: Call): Promise<Response> {
    const { method, path, query = {}, body, idempotencyKey, accept = 'application/json', signal } = call
    const search = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
    const url = `${this.#base}/${path.map(encodeURIComponent).join('/')}${search.size === 0 ? '' : `?${search}`}`
    const response = await this.#reading(call, () =>
      this.#fetch(url, {
        method,
        headers: {
          ...this.#headers,
          accept,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal !== undefined && { signal }),
      }),
    )
    if (!response.ok) throw await this.#problem(call, response)
    return response
  }

  async #problem(call: Call, response: Response): Promise<Error> {
    const text = await this.#reading(call, () => response.text())
    if (/^application\/problem\+json\b/.test(response.headers.get('content-type') ?? '')) {
      return new ProblemError(JSON.parse(text) as Problem)
    }
    return new UnreachableError(
      `${this.#base} answered ${response.status}, and not as Coldstream does: ${text.slice(0, 200)}`,
    )
  }

  async #reading<Result>(call: Call, read: () => Promise<Result>): Promise<Result> {
    try {
      return await read()
    } catch (error) {
      if (call.signal?.aborted) throw call.signal.reason
      throw new UnreachableError(`Coldstream does not answer at ${this.#base}: ${reasonOf(error)}`, { cause: error })
    }
  }
}

/** What fetch hides behind "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message
}
