/** Wakes one waiter. A ring that nobody waits for is not kept: look at what it announces before waiting. */
export class Bell {
  #wake: () => void = () => undefined

  ring(): void {
    this.#wake()
  }

  /** Resolves at the next ring, after `limitMs`, or when the signal aborts, whichever comes first. */
  async heard(limitMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => resolve()
    const timer = setTimeout(wake, limitMs)
    signal.addEventListener('abort', wake)
    this.#wake = wake
    try {
      await promise
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', wake)
    }
  }
}
