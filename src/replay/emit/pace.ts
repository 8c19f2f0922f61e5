import type { Clock } from '../../ports/clock.ts'
import type { Rate } from '../request/rate.ts'
import type { LaneStep, StepLimits } from './step-draft.ts'

/** A rate, as it holds for one share of a replay. */
export interface ShareRate {
  /** Null: as fast as it goes. */
  rate: Rate | null
  /** The part of the rate that this share may use; all shares' parts are 1 together. */
  portion: number
  /** For a speed: the instant at which a record with the timestamp `recordMs` is due; null: the next one is due now. */
  anchor: { wallMs: number; recordMs: number } | null
}

/** Steps are no longer than this at the rate, so that the rate is even and a change of it is felt soon. */
const stepMs = 100
/** After a stall so much may be caught up at once. */
const maxDebtMs = 1_000

/** Says when a step may be written. The rate can be changed while it is waited for. */
export class Pace {
  readonly #clock: Clock
  #rate: ShareRate
  #changed = new AbortController()
  /** When the next step is due by a rate of records or bytes. */
  #dueMs = 0

  constructor(clock: Clock, rate: ShareRate) {
    this.#clock = clock
    this.#rate = rate
  }

  /** From now on; who waits is told. */
  set(rate: ShareRate): void {
    this.#rate = rate
    this.#dueMs = 0
    this.#changed.abort()
    this.#changed = new AbortController()
  }

  /** Whether steps are due by their timestamps, so that the earliest of all lanes has to go first. */
  get byTime(): boolean {
    return this.#rate.rate !== null && 'speed' in this.#rate.rate
  }

  /** The limits, as tight as the rate makes them. */
  tighten(limits: StepLimits): StepLimits {
    const { rate, portion } = this.#rate
    if (rate === null) return limits
    if ('speed' in rate) return { ...limits, maxSpanMs: Math.max(1, rate.speed * stepMs) }
    const perStep = (perSecond: number): number => Math.max(1, Math.floor((perSecond * portion * stepMs) / 1000))
    if ('recordsPerSecond' in rate)
      return { ...limits, maxRows: Math.min(limits.maxRows, perStep(rate.recordsPerSecond)) }
    return { ...limits, maxBytes: Math.min(limits.maxBytes, perStep(rate.bytesPerSecond)) }
  }

  /** How long the step has to wait yet. */
  delayMs(step: LaneStep): number {
    const { rate, anchor } = this.#rate
    if (rate === null || step.rows === 0) return 0
    const nowMs = this.#clock.nowMs()
    if (!('speed' in rate)) return Math.max(0, this.#dueMs - nowMs)
    if (step.timestampMs === null) return 0
    if (anchor === null) {
      this.#rate = { ...this.#rate, anchor: { wallMs: nowMs, recordMs: step.timestampMs } }
      return 0
    }
    return Math.max(0, anchor.wallMs + (step.timestampMs - anchor.recordMs) / rate.speed - nowMs)
  }

  /** Waits until the step is due; throws the signal's reason when it aborts. */
  async wait(step: LaneStep, signal: AbortSignal): Promise<void> {
    for (let waitMs = this.delayMs(step); waitMs > 0; waitMs = this.delayMs(step)) {
      const changed = this.#changed.signal
      const woken = AbortSignal.any([signal, changed])
      const [slept] = await Promise.allSettled([this.#clock.sleep(Math.min(waitMs, 60_000), woken)])
      signal.throwIfAborted()
      if (slept.status === 'rejected' && !changed.aborted) throw slept.reason
    }
  }

  /** Counts a step that was written. */
  wrote(step: LaneStep): void {
    const { rate, portion } = this.#rate
    if (rate === null || 'speed' in rate) return
    const [amount, perSecond] =
      'recordsPerSecond' in rate ? [step.rows, rate.recordsPerSecond] : [step.bytes, rate.bytesPerSecond]
    const nowMs = this.#clock.nowMs()
    this.#dueMs = Math.max(this.#dueMs, nowMs - maxDebtMs) + (amount * 1000) / (perSecond * portion)
  }
}
