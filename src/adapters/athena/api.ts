import type * as Sdk from '@aws-sdk/client-athena'
import { type AthenaOptions, athenaClientConfig } from './options.ts'
import { mayHaveArrived, requestError } from './request-errors.ts'
import { type Pace, type Patience, retrying } from './retry.ts'

/** What starts a query. */
export type StartInput = Sdk.StartQueryExecutionInput & { ClientRequestToken: string }

interface Loaded {
  sdk: typeof Sdk
  client: Sdk.AthenaClient
}

/** The calls of Athena that the engine makes, tried again when it helps. They throw Coldstream's errors. */
export class AthenaApi {
  readonly #options: AthenaOptions
  readonly #pace: Pace
  #loading: Promise<Loaded> | null = null

  constructor(options: AthenaOptions, pace: Pace) {
    this.#options = options
    this.#pace = pace
  }

  /**
   * Starts the one execution of the input's token; safe to repeat. When it is aborted while it is not known whether an
   * execution was started, that one is looked for by the same token and stopped.
   */
  async start(input: StartInput, signal: AbortSignal): Promise<string> {
    let isUnknown = false
    try {
      return await this.#start(input, signal, (error) => {
        isUnknown = mayHaveArrived(error)
      })
    } catch (error) {
      if (signal.aborted && isUnknown) await this.stop(await this.#start(input, { attempts: 1 }))
      throw error
    }
  }

  /** The answer that is on its way is waited for also when the signal aborts, so that what was started is known. */
  async #start(input: StartInput, patience: Patience, failed?: (error: unknown) => void): Promise<string> {
    const { QueryExecutionId } = await this.#call('start the query', patience, async ({ sdk, client }) => {
      try {
        return await client.send(new sdk.StartQueryExecutionCommand(input))
      } catch (error) {
        failed?.(error)
        throw error
      }
    })
    if (QueryExecutionId === undefined) throw new TypeError('Athena gave the query no id')
    return QueryExecutionId
  }

  async execution(id: string, signal: AbortSignal): Promise<Sdk.QueryExecution> {
    const { QueryExecution } = await this.#call('look at the query', signal, ({ sdk, client }) =>
      client.send(new sdk.GetQueryExecutionCommand({ QueryExecutionId: id }), { abortSignal: signal }),
    )
    if (QueryExecution === undefined) throw new TypeError('Athena told nothing of the query')
    return QueryExecution
  }

  async page(id: string, token: string | undefined, signal: AbortSignal): Promise<Sdk.GetQueryResultsCommandOutput> {
    const input = { QueryExecutionId: id, MaxResults: 1000, ...(token === undefined ? {} : { NextToken: token }) }
    return await this.#call('read the result', signal, ({ sdk, client }) =>
      client.send(new sdk.GetQueryResultsCommand(input), { abortSignal: signal }),
    )
  }

  /** Also when it has ended already. */
  async stop(id: string): Promise<void> {
    await this.#call('stop the query', { attempts: 3 }, ({ sdk, client }) =>
      client.send(new sdk.StopQueryExecutionCommand({ QueryExecutionId: id })),
    )
  }

  async close(): Promise<void> {
    const loaded = await this.#loading
    loaded?.client.destroy()
  }

  async #call<T>(doing: string, patience: Patience, request: (loaded: Loaded) => Promise<T>): Promise<T> {
    const loaded = await this.#load()
    const signal = patience instanceof AbortSignal ? patience : null
    try {
      return await retrying(this.#pace, patience, async () => {
        signal?.throwIfAborted()
        return await request(loaded)
      })
    } catch (error) {
      signal?.throwIfAborted()
      throw requestError(error, doing)
    }
  }

  /** Only here: most commands never ask Athena, and the client takes a while to load. */
  #load(): Promise<Loaded> {
    this.#loading ??= import('@aws-sdk/client-athena').then((sdk) => ({
      sdk,
      client: new sdk.AthenaClient(athenaClientConfig(this.#options)),
    }))
    return this.#loading
  }
}
