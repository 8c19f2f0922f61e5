import type { Clock } from '../../ports/clock.ts'

/** What a loop does between two rounds: nothing, until its time has come or somebody wants it to look again. */
export class Rest {
  readonly #clock: Clock
  #woken = Promise.withResolvers<void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Ends the rest; when the loop is at work, its next one. */
  wake(): void {
    this.#woken.resolve()
  }

  /** Resolves after `ms`, or when it is woken, whichever comes first. */
  async take(ms: number): Promise<void> {
    const over = new AbortController()
    const time = this.#clock.sleep(ms, over.signal).catch((error: unknown) => {
      if (!over.signal.aborted) throw error
    })
    await Promise.race([this.#woken.promise, time])
    over.abort()
    this.#woken = Promise.withResolvers()
  }
}
