import type { Clock } from '../ports/clock.ts'
import type { Speed } from './status.ts'

interface Sample {
  atMs: number
  rows: number
  fraction: number
}

/** The speed is that of about so long a time. */
const windowMs = 30_000

/** Tells how fast a replay is from what is known of it from time to time. */
export class Speedometer {
  readonly #clock: Clock
  #samples: Sample[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  note(rows: number, fraction: number): void {
    const nowMs = this.#clock.nowMs()
    this.#samples.push({ atMs: nowMs, rows, fraction })
    while (this.#samples.length > 2 && nowMs - this.#samples[1]!.atMs > windowMs) this.#samples.shift()
  }

  /** Null until there is something to compare with. */
  get speed(): Speed | null {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return null
    const seconds = (last.atMs - first.atMs) / 1000
    return {
      rowsPerSecond: (last.rows - first.rows) / seconds,
      fractionPerSecond: (last.fraction - first.fraction) / seconds,
    }
  }

  /** It stood still, or goes at another rate. */
  reset(): void {
    this.#samples = []
  }
}
