import type { Clock } from '../../src/ports/clock.ts'

interface Sleeper {
  untilMs: number
  wake(): void
}

/** Time that passes when the test says so, and may be set. */
export class ManualClock implements Clock {
  /** How long each sleep was asked to last, in order. */
  readonly slept: number[] = []
  #nowMs: number
  #sleepers: Sleeper[] = []

  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.slept.push(ms)
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const sleeper = { untilMs: this.#nowMs + ms, wake: resolve }
      this.#sleepers.push(sleeper)
      signal?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper)
        reject(signal.reason)
      })
    })
  }

  /** Lets time pass, and everything that follows from it happen. */
  async pass(ms: number): Promise<void> {
    this.#nowMs += ms
    const due = this.#sleepers.filter(({ untilMs }) => untilMs <= this.#nowMs)
    this.#sleepers = this.#sleepers.filter((sleeper) => !due.includes(sleeper))
    for (const sleeper of due) sleeper.wake()
    await settled()
  }

  /** Someone changes the clock: nobody wakes of it. */
  leap(ms: number): void {
    for (const sleeper of this.#sleepers) sleeper.untilMs += ms
    this.#nowMs += ms
  }
}

/** Waits until everything that needs no time has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
