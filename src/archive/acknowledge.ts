import type { AcknowledgedPosition } from '../ports/event-log.ts'
import type { Log } from '../ports/log.ts'

/**
 * Tells the broker what is archived, after the commit, one request at a time: positions that come in meanwhile go with
 * the next. It only serves lag tools, so a broker that refuses is logged and never stops the capture.
 */
export class Acknowledger {
  readonly #tell: (positions: readonly AcknowledgedPosition[]) => Promise<void>
  readonly #log: Log
  #waiting = new Map<string, AcknowledgedPosition>()
  #running: Promise<void> | null = null

  constructor(tell: (positions: readonly AcknowledgedPosition[]) => Promise<void>, log: Log) {
    this.#tell = tell
    this.#log = log
  }

  add(position: AcknowledgedPosition): void {
    this.#waiting.set(`${position.topic}-${position.partition}`, position)
    this.#running ??= this.#run()
  }

  /** Waits until everything added was told. */
  async flush(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0) {
      const positions = [...this.#waiting.values()]
      this.#waiting = new Map()
      try {
        await this.#tell(positions)
      } catch (error) {
        this.#log.warn('the broker did not take the archived positions; lag tools show old ones', {
          error: error instanceof Error ? error.message : String(error),
        })
      }
    }
    this.#running = null
  }
}
