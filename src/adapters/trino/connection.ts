import { setTimeout as sleep } from 'node:timers/promises'
import { refused, unreachable } from './errors.ts'
import { parseExact } from './exact-json.ts'
import type { TrinoAnswer } from './wire.ts'

export interface TrinoOptions {
  /** Of the coordinator: `https://trino.example:8443`. */
  url: string
  /** Whom the queries count for. */
  user: string
  /** With `user`; sent over TLS only, which Trino demands. */
  password: string | null
  /** A bearer token, instead of a password. */
  accessToken: string | null
  /** Where the tables of the topics are. */
  catalog: string
  schema: string
}

/** Statuses by which Trino, or what stands before it, asks to try again. */
const AGAIN: ReadonlySet<number> = new Set([429, 502, 503, 504])
const MAX_ATTEMPTS = 8

/** Trino's REST protocol: a statement is posted, and its answer followed from part to part. */
export class TrinoConnection {
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(options: TrinoOptions) {
    this.#url = options.url.replace(/\/$/, '')
    this.#headers = {
      'X-Trino-User': options.user,
      'X-Trino-Source': 'coldstream',
      'X-Trino-Catalog': options.catalog,
      'X-Trino-Schema': options.schema,
      // Times without a zone are UTC here; without the capability Trino would cut them to milliseconds.
      'X-Trino-Time-Zone': 'UTC',
      'X-Trino-Client-Capabilities': 'PARAMETRIC_DATETIME',
      ...authorization(options),
    }
  }

  /** `session`: properties of this statement alone. */
  async start(text: string, session: Readonly<Record<string, string>>, signal: AbortSignal): Promise<TrinoAnswer> {
    const properties = Object.entries(session).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    const headers = { ...this.#headers, 'X-Trino-Session': properties.join(',') }
    return await this.#request(`${this.#url}/v1/statement`, { method: 'POST', body: text, headers, signal })
  }

  async follow(nextUri: string, signal: AbortSignal): Promise<TrinoAnswer> {
    return await this.#request(this.#here(nextUri), { headers: this.#headers, signal })
  }

  /** Ends a statement. One that has ended already is no error, and neither is a Trino that is gone. */
  async cancel(nextUri: string): Promise<void> {
    const signal = AbortSignal.timeout(10_000)
    await fetch(this.#here(nextUri), { method: 'DELETE', headers: this.#headers, signal }).catch(() => null)
  }

  /** The address that was configured, so that credentials go nowhere else, and a proxy's name stays in use. */
  #here(uri: string): string {
    const { pathname, search } = new URL(uri)
    return `${this.#url}${pathname}${search}`
  }

  async #request(url: string, request: RequestInit & { signal: AbortSignal }): Promise<TrinoAnswer> {
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#fetch(url, request)
      const text = await answer.text()
      if (answer.ok) return parseExact(text) as TrinoAnswer
      if (!AGAIN.has(answer.status) || attempt === MAX_ATTEMPTS) throw refused(this.#url, answer.status, text)
      await sleep(50 * 2 ** attempt, undefined, { signal: request.signal })
    }
  }

  async #fetch(url: string, request: RequestInit & { signal: AbortSignal }): Promise<Response> {
    try {
      return await fetch(url, request)
    } catch (error) {
      request.signal.throwIfAborted()
      throw unreachable(this.#url, error)
    }
  }
}

function authorization({ user, password, accessToken }: TrinoOptions): Record<string, string> {
  if (accessToken !== null) return { Authorization: `Bearer ${accessToken}` }
  if (password === null) return {}
  return { Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
}
