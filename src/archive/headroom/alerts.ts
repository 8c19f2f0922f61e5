import type { Condition } from './conditions.ts'
import { severity } from './headroom.ts'

/** What is told of a condition. */
export interface Alert extends Condition {
  state: 'firing' | 'resolved'
  /** When the condition began, milliseconds since the epoch. */
  sinceMs: number
  /** When this was decided to be told; stays the same when its delivery is repeated. */
  atMs: number
}

/** What a look found. */
export interface Finding {
  conditions: readonly Condition[]
  /** Whether the look could have seen the condition: one that it could not is neither there nor over. */
  couldSee(condition: Condition): boolean
}

interface Active {
  condition: Condition
  sinceMs: number
  toldMs: number
  /** Looks in a row that found it less severe than it was told, or gone. */
  better: number
}

/** So many looks in a row must agree that things are better, so that a value near a threshold does not ring for ever. */
const looksToBelieveBetter = 2

/**
 * Decides what is told: once when a condition begins or its level changes, again after `repeatMs` while it lasts (0:
 * never), and that it is over. For the worse at once, for the better when two looks agree.
 */
export class AlertBook {
  readonly #repeatMs: number
  readonly #active: Map<string, Active> = new Map()

  constructor(repeatMs: number) {
    this.#repeatMs = repeatMs
  }

  /** Conditions that were told and are not over. */
  get active(): readonly Condition[] {
    return [...this.#active.values()].map(({ condition }) => condition)
  }

  update({ conditions, couldSee }: Finding, nowMs: number): Alert[] {
    const found = new Map(conditions.map((condition) => [condition.id, condition]))
    const alerts: Alert[] = []
    for (const [id, active] of this.#active) {
      const now = found.get(id)
      if (now === undefined && !couldSee(active.condition)) continue
      const alert = this.#follow(active, now ?? null, nowMs)
      if (alert !== null) alerts.push(alert)
    }
    for (const [id, condition] of found) {
      if (this.#active.has(id)) continue
      this.#active.set(id, { condition, sinceMs: nowMs, toldMs: nowMs, better: 0 })
      alerts.push({ ...condition, state: 'firing', sinceMs: nowMs, atMs: nowMs })
    }
    return alerts
  }

  #follow(active: Active, now: Condition | null, nowMs: number): Alert | null {
    const told = active.condition
    const change = (now === null ? 0 : severity(now.level)) - severity(told.level)
    active.better = change < 0 ? active.better + 1 : 0
    if (change < 0 && active.better < looksToBelieveBetter) return null
    if (now === null) {
      this.#active.delete(told.id)
      const summary = `over: ${told.summary}`
      return { ...told, summary, state: 'resolved', sinceMs: active.sinceMs, atMs: nowMs }
    }
    // a clock that was set back must not silence what is repeated
    const sinceToldMs = Math.abs(nowMs - active.toldMs)
    active.condition = { ...now, level: change === 0 ? told.level : now.level }
    if (change === 0 && (this.#repeatMs === 0 || sinceToldMs < this.#repeatMs)) return null
    active.toldMs = nowMs
    active.better = 0
    return { ...now, state: 'firing', sinceMs: active.sinceMs, atMs: nowMs }
  }
}
