import type { UnavailableError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'

const firstRetryMs = 1_000
const lastRetryMs = 60_000

const refusals: ReadonlySet<string> = new Set([
  'broker-authentication-failed',
  'broker-permission-denied',
  'store-access-denied',
  'store-credentials-expired',
  'store-credentials-missing',
  'store-credentials-refused',
])

/** Whether broker or store refuse something until somebody changes it, rather than being away for a while. */
export function isRefusal({ code }: UnavailableError): boolean {
  return refusals.has(code)
}

/** A partition that stopped for a reason that does not pass by itself. */
export interface StoppedPartition {
  /** The task that had it. */
  task: number
  error: Error
}

/**
 * The partitions of a capture that are not captured now, by name: those that are tried again after growing pauses, and
 * those that stay stopped until the connector is started again.
 */
export class PartitionTroubles {
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  readonly #retried = new Map<string, AbortController>()
  readonly #pausesMs = new Map<string, number>()
  readonly #stopped = new Map<string, StoppedPartition>()
  #isClosed = false

  /** `onError` gets what an attempt throws; attempts report expected failures by themselves. */
  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock
    this.#onError = onError
  }

  has(name: string): boolean {
    return this.#retried.has(name) || this.#stopped.has(name)
  }

  names(): string[] {
    return [...this.#retried.keys(), ...this.#stopped.keys()]
  }

  stopped(): StoppedPartition[] {
    return [...this.#stopped.values()]
  }

  /** Whether some stopped, and none is tried again. */
  get areFinal(): boolean {
    return this.#stopped.size > 0 && this.#retried.size === 0
  }

  stop(name: string, partition: StoppedPartition): void {
    this.#stopped.set(name, partition)
  }

  /** Plans another attempt; answers after how many milliseconds. */
  retry(name: string, attempt: () => Promise<void>): number {
    const pauseMs = this.#pausesMs.get(name) ?? firstRetryMs
    this.#pausesMs.set(name, Math.min(lastRetryMs, pauseMs * 2))
    if (this.#isClosed) return pauseMs
    const stop = new AbortController()
    this.#retried.set(name, stop)
    this.#clock
      .sleep(pauseMs, stop.signal)
      .then(attempt)
      .then(() => {
        // the attempt may have planned the next one
        if (this.#retried.get(name) === stop) this.#retried.delete(name)
      })
      .catch((error: unknown) => {
        if (!stop.signal.aborted) this.#onError(error)
      })
    return pauseMs
  }

  /** It works: the next failure is a first one again. */
  succeeded(name: string): void {
    this.#pausesMs.delete(name)
  }

  /** It is another's now. */
  forget(name: string): void {
    this.#retried.get(name)?.abort()
    this.#retried.delete(name)
    this.#pausesMs.delete(name)
    this.#stopped.delete(name)
  }

  /** Plans nothing any more, whatever attempts under way come to; what stopped is remembered. */
  close(): void {
    this.#isClosed = true
    for (const attempt of this.#retried.values()) attempt.abort()
    this.#retried.clear()
  }
}
