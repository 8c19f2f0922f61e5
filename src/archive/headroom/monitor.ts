import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { messagesOf } from './alert-message.ts'
import { type Alert, AlertBook } from './alerts.ts'
import { conditionsOf, lossCondition } from './conditions.ts'
import type { Deliveries, DeliveryCounts } from './deliveries.ts'
import type { Loss } from './log-tail.ts'
import type { HeadroomReport } from './report.ts'
import type { Survey } from './survey.ts'

export interface MonitorParts {
  survey: Survey
  clock: Clock
  log: Log
  /** Where alerts go beside the log; null: nowhere. */
  deliveries: Deliveries | null
  /** Between looks. */
  intervalMs: number
  /** After which an alert that lasts is told again; 0: never. */
  repeatMs: number
}

/** Beyond this much more than an interval between looks, the clock was set, or the machine slept. */
const jumpMs = 60_000

/** Watches what retention is about to delete, and tells. */
export class HeadroomMonitor {
  readonly #parts: MonitorParts
  readonly #book: AlertBook
  /** Found by any look, and not told yet. */
  readonly #losses: Loss[] = []
  readonly #toldLosses: Set<string> = new Set()
  readonly #lostOffsets: Map<string, { topic: string; partition: number; offsets: bigint }> = new Map()
  #judgedAtMs: number | null = null
  #latest: HeadroomReport | null = null
  #looking: Promise<HeadroomReport> | null = null
  #isOutOfReach = false
  #isHeldBack = false

  constructor(parts: MonitorParts) {
    this.#parts = parts
    this.#book = new AlertBook(parts.repeatMs)
  }

  /** The last look; null before the first. */
  get latest(): HeadroomReport | null {
    return this.#latest
  }

  /** What became of the messages; null when alerts go to the log only. */
  get deliveries(): DeliveryCounts | null {
    return this.#parts.deliveries?.counts ?? null
  }

  /** Offsets that `data-lost` was told of since the start, of every partition that it was told of. */
  get lostOffsets(): readonly { topic: string; partition: number; offsets: bigint }[] {
    return [...this.#lostOffsets.values()]
  }

  /** The last look when it is not older than two intervals, else a new one. Errors as `look`. */
  async current(): Promise<HeadroomReport> {
    const { clock, intervalMs } = this.#parts
    const ageMs = this.#latest === null ? Number.POSITIVE_INFINITY : Math.abs(clock.nowMs() - this.#latest.atMs)
    return this.#latest !== null && ageMs <= 2 * intervalMs ? this.#latest : this.look()
  }

  /** Looks now, or waits for the look that is under way; tells nobody. Throws UnavailableError. */
  look(): Promise<HeadroomReport> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null
    })
    return this.#looking
  }

  /** Looks at every interval, and tells, until it is stopped. What keeps it from looking is logged when it begins and ends. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, intervalMs } = this.#parts
    while (!signal.aborted) {
      try {
        this.#tell(this.#alertsOf(await this.look()))
        if (this.#isOutOfReach) log.info('headroom is watched again')
        this.#isOutOfReach = false
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        if (!this.#isOutOfReach) log.error('headroom cannot be watched; it will be tried again', { error: reason })
        this.#isOutOfReach = true
      }
      await clock.sleep(intervalMs, signal).catch((interrupted: unknown) => {
        if (!signal.aborted) throw interrupted
      })
    }
  }

  /** Gives up what is not delivered yet. */
  async close(): Promise<void> {
    await this.#parts.deliveries?.close()
  }

  async #look(): Promise<HeadroomReport> {
    const { survey, clock } = this.#parts
    const report = await survey.look(clock.nowMs())
    this.#losses.push(...report.losses)
    this.#latest = report
    return report
  }

  #alertsOf(report: HeadroomReport): Alert[] {
    const sinceLastMs = report.atMs - (this.#judgedAtMs ?? report.atMs)
    this.#judgedAtMs = report.atMs
    const losses = this.#lossAlerts(report.atMs)
    // times are wrong by as much as the clock has leapt: the next look decides, even if it comes late again
    this.#isHeldBack = this.#isJump(sinceLastMs) && !this.#isHeldBack
    return this.#isHeldBack ? losses : [...losses, ...this.#levelAlerts(report)]
  }

  #isJump(sinceLastMs: number): boolean {
    return sinceLastMs < 0 || sinceLastMs > 2 * this.#parts.intervalMs + jumpMs
  }

  #levelAlerts(report: HeadroomReport): Alert[] {
    const failed = new Set(report.failures.map(({ topic }) => topic))
    const finding = {
      conditions: conditionsOf(report),
      couldSee: ({ topic, kind }: { topic: string; kind: string }) =>
        !failed.has(topic) && (kind !== 'group-headroom' || report.groupsKnown),
    }
    return this.#book.update(finding, report.atMs)
  }

  #lossAlerts(atMs: number): Alert[] {
    const alerts: Alert[] = []
    for (const loss of this.#losses.splice(0)) {
      const condition = lossCondition(loss)
      if (this.#toldLosses.has(condition.id)) continue
      this.#toldLosses.add(condition.id)
      const { topic, partition, firstOffset, lastOffset } = loss
      const name = `${topic}/${partition}`
      const before = this.#lostOffsets.get(name)?.offsets ?? 0n
      this.#lostOffsets.set(name, { topic, partition, offsets: before + lastOffset - firstOffset + 1n })
      alerts.push({ ...condition, state: 'firing', sinceMs: atMs, atMs })
    }
    return alerts
  }

  #tell(alerts: readonly Alert[]): void {
    const { log, deliveries } = this.#parts
    for (const { id, state, level, summary, remedy } of alerts) {
      const fields = { alert: id, state, level, ...(state === 'firing' && { remedy }) }
      if (state === 'resolved') log.info(summary, fields)
      else if (level === 'warn') log.warn(summary, fields)
      else log.error(summary, fields)
    }
    deliveries?.add(messagesOf(alerts))
  }
}
