import { UnavailableError } from '../../errors.ts'
import type { AlertSink } from '../../ports/alert-sink.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { AlertMessage } from './alert-message.ts'

export interface DeliveryParts {
  sink: AlertSink
  clock: Clock
  log: Log
  /** Messages that wait at most; beyond it the oldest is given up. */
  maxQueued: number
  /** Attempts for one message. */
  maxAttempts: number
  /** 0 to 1, spreads the pauses. */
  random(): number
}

/** Messages by what became of them, and attempts that failed. */
export interface DeliveryCounts {
  delivered: number
  /** Refused, or every attempt failed. */
  failed: number
  /** Given up because too many waited, or because the service stopped. */
  dropped: number
  failedAttempts: number
}

const firstPauseMs = 1_000
const longestPauseMs = 60_000

/** Hands messages over one after the other, so that `resolved` never comes before its `firing`, and tries again. */
export class Deliveries {
  readonly counts: DeliveryCounts = { delivered: 0, failed: 0, dropped: 0, failedAttempts: 0 }
  readonly #parts: DeliveryParts
  readonly #waiting: AlertMessage[] = []
  readonly #stop: AbortController = new AbortController()
  #running: Promise<void> | null = null

  constructor(parts: DeliveryParts) {
    this.#parts = parts
  }

  add(messages: readonly AlertMessage[]): void {
    for (const message of messages) {
      if (this.#waiting.length >= this.#parts.maxQueued) this.#giveUp(this.#waiting.shift()!, 'too many wait')
      this.#waiting.push(message)
    }
    if (this.#waiting.length > 0) this.#running ??= this.#run()
  }

  /** Ends at once; what was not delivered is logged. */
  async close(): Promise<void> {
    this.#stop.abort()
    await this.#running
    for (const message of this.#waiting.splice(0)) this.#giveUp(message, 'the service stops')
  }

  async #run(): Promise<void> {
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        const outcome = await this.#deliver(next)
        if (outcome === 'stopped') return this.#giveUp(next, 'the service stops')
        this.counts[outcome] += 1
      }
    } finally {
      this.#running = null
    }
  }

  async #deliver(message: AlertMessage): Promise<'delivered' | 'failed' | 'stopped'> {
    const { sink, clock, log, maxAttempts, random } = this.#parts
    for (let attempt = 1; ; attempt += 1) {
      if (this.#stop.signal.aborted) return 'stopped'
      try {
        await sink.send(message.body, this.#stop.signal)
        return 'delivered'
      } catch (error) {
        if (this.#stop.signal.aborted) return 'stopped'
        this.counts.failedAttempts += 1
        const reason = error instanceof Error ? error.message : String(error)
        const again = error instanceof UnavailableError && attempt < maxAttempts
        if (!again) {
          log.error('alerts could not be delivered', {
            alerts: message.ids.join(' '),
            attempts: attempt,
            error: reason,
          })
          return 'failed'
        }
        const pauseMs = Math.min(firstPauseMs * 2 ** (attempt - 1), longestPauseMs)
        // half of the pause is left to chance, so that instances do not come back together
        await clock.sleep(pauseMs * (0.5 + random() / 2), this.#stop.signal).catch((interrupted: unknown) => {
          if (!this.#stop.signal.aborted) throw interrupted
        })
      }
    }
  }

  #giveUp({ ids }: AlertMessage, reason: string): void {
    this.counts.dropped += 1
    this.#parts.log.error('alerts were given up undelivered', { alerts: ids.join(' '), reason })
  }
}
