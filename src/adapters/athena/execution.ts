import type { QueryExecution } from '@aws-sdk/client-athena'
import { AbortedError, InvalidInputError, UnavailableError } from '../../errors.ts'
import type { AthenaApi, StartInput } from './api.ts'
import { executionError } from './failure.ts'
import { Polling } from './polling.ts'
import type { Pace } from './retry.ts'

/** What bounds a query from its start to its last row. */
export interface ExecutionBounds {
  timeoutMs: number
  /** Null: only the workgroup's limit counts. */
  maxScannedBytes: number | null
}

/** One query on Athena, stopped there whatever way it ends here. */
export class Execution {
  /** Aborts with the error that ended the query early. */
  readonly signal: AbortSignal
  readonly #api: AthenaApi
  readonly #pace: Pace
  readonly #bounds: ExecutionBounds
  readonly #stops = new AbortController()
  /** Ends the waiting for signal and time limit. */
  readonly #ended = new AbortController()

  constructor(api: AthenaApi, pace: Pace, bounds: ExecutionBounds, signal: AbortSignal) {
    this.#api = api
    this.#pace = pace
    this.#bounds = bounds
    this.signal = this.#stops.signal
    if (signal.aborted) this.stop(cancelled())
    else signal.addEventListener('abort', () => this.stop(cancelled()), { once: true, signal: this.#ended.signal })
    pace.clock.sleep(bounds.timeoutMs, this.#ended.signal).then(
      () => this.stop(timedOut(bounds.timeoutMs)),
      () => undefined, // It ended in time.
    )
  }

  /** Starts the query and resolves when it has succeeded; throws why it did not. */
  async succeed(input: StartInput): Promise<QueryExecution & { id: string }> {
    this.signal.throwIfAborted()
    const id = await this.#api.start(input, this.signal)
    try {
      return { ...(await this.#completion(id)), id }
    } catch (error) {
      if (error !== undefined && error === this.signal.reason) await this.#stopThere(id, this.signal.reason)
      throw error
    }
  }

  /** Idempotent; what waits rejects with the reason that was given first. */
  stop(reason: Error): void {
    this.#stops.abort(reason)
  }

  /** Nothing of the query is to be waited for any more. */
  end(): void {
    this.#ended.abort()
  }

  async #completion(id: string): Promise<QueryExecution> {
    const polling = new Polling(this.#pace)
    for (;;) {
      const execution = await this.#api.execution(id, this.signal)
      const status = execution.Status ?? {}
      if (status.State === 'SUCCEEDED') return execution
      if (status.State === 'FAILED' || status.State === 'CANCELLED') throw executionError({ id, status })
      this.#checkScan(execution.Statistics?.DataScannedInBytes ?? 0)
      await polling.wait(this.signal)
    }
  }

  #checkScan(bytes: number): void {
    const { maxScannedBytes } = this.#bounds
    if (maxScannedBytes !== null && bytes > maxScannedBytes) {
      this.stop(tooMuchScanned(`it has scanned ${bytes} bytes`, maxScannedBytes))
    }
    this.signal.throwIfAborted()
  }

  /** A query that goes on costs money, so it is told when it could not be stopped. */
  async #stopThere(id: string, reason: Error): Promise<void> {
    try {
      await this.#api.stop(id)
    } catch (error) {
      throw new UnavailableError(
        'query-not-stopped',
        `${reason.message} But it may still run in Athena: ${String(error)}`,
        {
          remedy: `Stop query ${id} in the Athena console.`,
          cause: error,
          details: { engineQueryId: id },
        },
      )
    }
  }
}

function tooMuchScanned(why: string, maxScannedBytes: number): InvalidInputError {
  return new InvalidInputError(
    'query-scan-limit',
    `The query is not allowed to scan more than ${maxScannedBytes} bytes, and ${why}.`,
    {
      remedy:
        'Narrow the time window by the partition columns, select fewer columns, or raise query.athena.maxScannedBytes.',
    },
  )
}

export function cancelled(): AbortedError {
  return new AbortedError('query-cancelled', 'The query was cancelled.', {
    remedy: 'Run it again if you still need the answer.',
  })
}

function timedOut(timeoutMs: number): AbortedError {
  return new AbortedError('query-timeout', `The query was stopped: it took longer than ${timeoutMs / 1000} s.`, {
    remedy: 'Narrow the time window, select fewer columns, or raise the time limit.',
  })
}
