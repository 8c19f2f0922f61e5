import type { Clock } from '../../ports/clock.ts'
import type { EventWriter } from '../../ports/event-log.ts'
import { Ahead } from './ahead.ts'
import { OpenUnit, type UnitLimits } from './open-unit.ts'
import type { Pace } from './pace.ts'
import type { ReplayProgress } from './progress.ts'
import type { LaneStep } from './step-draft.ts'

export interface EmitOptions {
  writer: EventWriter
  /** What is committed so far. Not changed; each commit makes a new one. */
  progress: ReplayProgress
  /** Each beginning where the progress says. */
  lanes: readonly (() => AsyncGenerator<LaneStep, void, undefined>)[]
  /** Lanes that are read at the same time. Where the pace goes by time it is all of them. */
  maxLanes: number
  limits: UnitLimits
  /** Records of the whole share that may go into the dead-letter topic, as it is now. */
  maxDeadLetters: () => number
  pace: Pace
  clock: Clock
  /** Stops the work at once; what is not committed is dropped. */
  signal: AbortSignal
  /** Stops the work after committing what was written. */
  halt: AbortSignal
  /** Called after each commit. */
  onCommit: (progress: ReplayProgress) => void
}

/** A wait that is longer ends the unit of work first: its records are seen, and no transaction stays open. */
const longWaitMs = 250

/**
 * Writes all steps of all lanes, unit of work by unit of work, each with the progress it makes. Steps of several
 * lanes take turns, so that a unit spans them. Answers whether it came to the end, or was halted before. Throws the
 * signal's reason when it aborts, and whatever the writer and the lanes throw; then the writer holds an uncommitted unit,
 * which closing it drops.
 */
export async function emit(options: EmitOptions): Promise<'finished' | 'halted'> {
  const { limits, clock, pace, signal, halt } = options
  const unit = new OpenUnit(options)
  const lanes = new Lanes(options.lanes)
  try {
    for (;;) {
      signal.throwIfAborted()
      if (halt.aborted) break
      const step = await lanes.next(pace.byTime ? Number.POSITIVE_INFINITY : options.maxLanes, pace.byTime)
      if (step === null) break
      if (pace.delayMs(step) > longWaitMs) await unit.commit()
      if (!(await isDue(pace, step, signal, halt))) break
      await unit.write(step)
      pace.wrote(step)
      if (unit.isFull(clock.nowMs(), limits)) await unit.commit()
    }
    signal.throwIfAborted()
    await unit.commit()
    return lanes.areDone ? 'finished' : 'halted'
  } finally {
    await lanes.close()
  }
}

/** Waits for it; false when the work was halted meanwhile. */
async function isDue(pace: Pace, step: LaneStep, signal: AbortSignal, halt: AbortSignal): Promise<boolean> {
  if (pace.delayMs(step) === 0) return true
  const [waited] = await Promise.allSettled([pace.wait(step, AbortSignal.any([signal, halt]))])
  signal.throwIfAborted()
  if (halt.aborted) return false
  if (waited.status === 'rejected') throw waited.reason
  return true
}

interface Lane {
  ahead: Ahead<LaneStep>
  /** Taken and not given out yet. */
  step: LaneStep | null
}

/** Takes steps of lanes in turn, or by time. */
class Lanes {
  readonly #waiting: (() => AsyncGenerator<LaneStep, void, undefined>)[]
  readonly #active: Lane[] = []
  #turn = 0

  constructor(lanes: readonly (() => AsyncGenerator<LaneStep, void, undefined>)[]) {
    this.#waiting = [...lanes]
  }

  /** Every lane was read to its end. */
  get areDone(): boolean {
    return this.#active.length + this.#waiting.length === 0
  }

  async next(maxActive: number, byTime: boolean): Promise<LaneStep | null> {
    for (;;) {
      while (this.#active.length < maxActive && this.#waiting.length > 0) {
        this.#active.push({ ahead: new Ahead(this.#waiting.shift()!()), step: null })
      }
      if (this.#active.length === 0) return null
      const lane = byTime ? await this.#earliest() : this.#active[this.#turn % this.#active.length]!
      if (lane === undefined) continue
      const step = lane.step ?? (await lane.ahead.next())
      lane.step = null
      if (step === null) {
        this.#active.splice(this.#active.indexOf(lane), 1)
        continue
      }
      this.#turn = (this.#active.indexOf(lane) + 1) % this.#active.length
      return step
    }
  }

  /** Waits for what is under way and lets the lanes clean up. */
  async close(): Promise<void> {
    await Promise.all(this.#active.map(({ ahead }) => ahead.close()))
  }

  /** The lane whose step comes first by its timestamp; one without a timestamp comes at once. */
  async #earliest(): Promise<Lane | undefined> {
    for (const lane of [...this.#active]) {
      lane.step ??= await lane.ahead.next()
      if (lane.step === null) this.#active.splice(this.#active.indexOf(lane), 1)
    }
    const due = ({ step }: Lane): number => step!.timestampMs ?? Number.NEGATIVE_INFINITY
    const [first, ...others] = this.#active
    return others.reduce(
      (earliest, lane) => (earliest !== undefined && due(lane) >= due(earliest) ? earliest : lane),
      first,
    )
  }
}
