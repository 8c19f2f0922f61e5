import type { Clock } from '../ports/clock.ts'

const firstRetryMs = 1_000
const lastRetryMs = 60_000

/** What is tried again after growing pauses, by name. */
export class Retries {
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  readonly #waiting = new Map<string, AbortController>()
  readonly #pausesMs = new Map<string, number>()

  /** `onError` gets what an attempt throws; attempts report expected failures by themselves. */
  constructor(clock: Clock, onError: (error: unknown) => void) {
    this.#clock = clock
    this.#onError = onError
  }

  names(): string[] {
    return [...this.#waiting.keys()]
  }

  has(name: string): boolean {
    return this.#waiting.has(name)
  }

  /** Plans another attempt; answers after how many milliseconds. */
  add(name: string, attempt: () => Promise<void>): number {
    const pauseMs = this.#pausesMs.get(name) ?? firstRetryMs
    this.#pausesMs.set(name, Math.min(lastRetryMs, pauseMs * 2))
    const stop = new AbortController()
    this.#waiting.set(name, stop)
    this.#clock
      .sleep(pauseMs, stop.signal)
      .then(attempt)
      .then(() => {
        // the attempt may have planned the next one
        if (this.#waiting.get(name) === stop) this.#waiting.delete(name)
      })
      .catch((error: unknown) => {
        if (!stop.signal.aborted) this.#onError(error)
      })
    return pauseMs
  }

  /** The next failure is a first one again. */
  succeeded(name: string): void {
    this.#pausesMs.delete(name)
  }

  forget(name: string): void {
    this.#waiting.get(name)?.abort()
    this.#waiting.delete(name)
    this.#pausesMs.delete(name)
  }

  close(): void {
    for (const name of this.names()) this.forget(name)
  }
}
