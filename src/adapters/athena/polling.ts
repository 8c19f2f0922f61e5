import type { Pace } from './retry.ts'

const FIRST_MS = 100
const LONGEST_MS = 5_000
const GROWTH = 1.6

/**
 * Waits between two looks at a running query: short at first, as many end in a second, then longer, each by chance between half and the
 * whole of its time, so that queries started together do not ask together.
 */
export class Polling {
  readonly #pace: Pace
  #nextMs = FIRST_MS

  constructor(pace: Pace) {
    this.#pace = pace
  }

  async wait(signal: AbortSignal): Promise<void> {
    const ms = this.#nextMs * (0.5 + this.#pace.random() / 2)
    this.#nextMs = Math.min(LONGEST_MS, this.#nextMs * GROWTH)
    await this.#pace.clock.sleep(ms, signal)
  }
}
