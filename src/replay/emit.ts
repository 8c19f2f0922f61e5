import type { Clock } from '../ports/clock.ts'
import type { EventWriter } from '../ports/event-log.ts'
import { Ahead } from './ahead.ts'
import type { LaneStep } from './lane.ts'
import { encodeProgress, type PartitionProgress, type ReplayProgress } from './progress.ts'

/** In what portions a replay is emitted. */
export interface EmitLimits {
  /** A unit of work is committed at the first of these that it reaches. */
  maxUnitRows: number
  maxUnitBytes: number
  /** Far below the broker's time limit for a transaction. */
  maxUnitMs: number
  /** Partitions that are read at the same time: so many produce requests are on their way side by side. */
  maxLanes: number
  /** A partition's records are written in blocks of at most this; smaller ones where the target takes no more. */
  maxBlockBytes: number
  maxBlockRows: number
}

export const defaultEmitLimits: EmitLimits = {
  maxUnitRows: 100_000,
  maxUnitBytes: 64 * 1024 * 1024,
  maxUnitMs: 5_000,
  maxLanes: 8,
  // Two blocks of each partition are little memory, and large enough to compress well.
  maxBlockBytes: 512 * 1024,
  maxBlockRows: 5_000,
}

export interface EmitOptions {
  writer: EventWriter
  /** Topic that it writes to. */
  target: string
  /** What is committed so far. Not changed; each commit makes a new one. */
  progress: ReplayProgress
  /** One per partition that has something left, each beginning at the partition's progress. */
  lanes: readonly (() => AsyncGenerator<LaneStep, void, undefined>)[]
  limits: EmitLimits
  clock: Clock
  /** Stops the work at once; what is not committed is dropped. */
  signal: AbortSignal
  /** Called after each commit. */
  onCommit: (progress: ReplayProgress) => void
}

/**
 * Writes all steps of all lanes, unit of work by unit of work, each with the progress it makes. Steps of several
 * partitions take turns, so that a unit spans them. Throws the signal's reason when it aborts, and
 * whatever the writer and the lanes throw; then the writer holds an uncommitted unit, which closing it drops.
 */
export async function emit(options: EmitOptions): Promise<ReplayProgress> {
  const { limits, clock } = options
  const waiting = [...options.lanes]
  const active: Ahead<LaneStep>[] = []
  const unit = new OpenUnit(options)
  try {
    for (;;) {
      while (active.length < limits.maxLanes && waiting.length > 0) active.push(new Ahead(waiting.shift()!()))
      if (active.length === 0) break
      for (const lane of [...active]) {
        options.signal.throwIfAborted()
        const step = await lane.next()
        if (step === null) active.splice(active.indexOf(lane), 1)
        else await unit.write(step)
        if (unit.isFull(clock.nowMs())) await unit.commit()
      }
    }
    options.signal.throwIfAborted()
    await unit.commit()
    return unit.committed
  } finally {
    await Promise.all(active.map((lane) => lane.close()))
  }
}

/** What is written since the last commit, and the progress it would make. */
class OpenUnit {
  committed: ReplayProgress
  readonly #options: EmitOptions
  #partitions: Map<number, PartitionProgress>
  #rows = 0
  #bytes = 0
  #isOpen = false
  #openedAtMs: number
  #activeSinceMs: number

  constructor(options: EmitOptions) {
    this.#options = options
    this.committed = options.progress
    this.#partitions = new Map(options.progress.partitions)
    this.#openedAtMs = options.clock.nowMs()
    this.#activeSinceMs = this.#openedAtMs
  }

  async write({ partition, block, next, firstOffset, lastOffset }: LaneStep): Promise<void> {
    if (!this.#isOpen) {
      this.#isOpen = true
      this.#openedAtMs = this.#options.clock.nowMs()
    }
    const before = this.#partitions.get(partition)
    const count = block?.count ?? 0
    const bytes = block?.payload.length ?? 0
    if (block !== null) await this.#options.writer.write(this.#options.target, partition, block)
    this.#rows += count
    this.#bytes += bytes
    this.#partitions.set(partition, {
      partition,
      next,
      rows: (before?.rows ?? 0) + count,
      bytes: (before?.bytes ?? 0) + bytes,
      firstOffset: before?.firstOffset ?? (count > 0 ? firstOffset : null),
      lastOffset: count > 0 ? lastOffset : (before?.lastOffset ?? null),
    })
  }

  isFull(nowMs: number): boolean {
    const { maxUnitRows, maxUnitBytes, maxUnitMs } = this.#options.limits
    if (!this.#isOpen) return false
    // A clock that was set back must not keep a unit open: the broker would abort it.
    const age = Math.abs(nowMs - this.#openedAtMs)
    return this.#rows >= maxUnitRows || this.#bytes >= maxUnitBytes || age >= maxUnitMs
  }

  async commit(): Promise<void> {
    if (!this.#isOpen) return
    const nowMs = this.#options.clock.nowMs()
    const progress: ReplayProgress = {
      run: this.committed.run,
      activeMs: this.committed.activeMs + Math.max(0, Math.round(nowMs - this.#activeSinceMs)),
      partitions: new Map(this.#partitions),
    }
    await this.#options.writer.commit(encodeProgress(progress))
    this.committed = progress
    this.#activeSinceMs = nowMs
    this.#rows = 0
    this.#bytes = 0
    this.#isOpen = false
    this.#options.onCommit(progress)
  }
}
