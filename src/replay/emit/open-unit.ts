import { ConflictError } from '../../errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventWriter } from '../../ports/event-log.ts'
import { encodeProgress, type ReplayProgress, type StreamProgress, streamKey } from './progress.ts'
import type { LaneStep, StreamStep } from './step-draft.ts'

/** A unit of work is committed at the first of these that it reaches. */
export interface UnitLimits {
  maxUnitRows: number
  maxUnitBytes: number
  /** Far below the broker's time limit for a transaction. */
  maxUnitMs: number
  /** So long is the first unit after a start at most, and each following one twice as long: what is first is seen soon. */
  firstUnitMs: number
}

interface UnitParts {
  writer: EventWriter
  progress: ReplayProgress
  clock: Clock
  /** Records of all units that may go into the dead-letter topic, as it is now. */
  maxDeadLetters: () => number
  onCommit: (progress: ReplayProgress) => void
}

/** What is written since the last commit, and the progress it would make. */
export class OpenUnit {
  committed: ReplayProgress
  readonly #parts: UnitParts
  #streams: Map<string, StreamProgress>
  #rows = 0
  #bytes = 0
  #deadLetters: number
  #commits = 0
  #isOpen = false
  #openedAtMs: number
  #activeSinceMs: number

  constructor(parts: UnitParts) {
    this.#parts = parts
    this.committed = parts.progress
    this.#streams = new Map(parts.progress.streams)
    this.#deadLetters = [...this.#streams.values()].reduce((sum, { deadLetters }) => sum + deadLetters, 0)
    this.#openedAtMs = parts.clock.nowMs()
    this.#activeSinceMs = this.#openedAtMs
  }

  /** Throws ConflictError `too-many-dead-letters`, and what the writer throws. */
  async write(step: LaneStep): Promise<void> {
    if (!this.#isOpen) {
      this.#isOpen = true
      this.#openedAtMs = this.#parts.clock.nowMs()
    }
    for (const { topic, partition, block } of step.blocks) await this.#parts.writer.write(topic, partition, block)
    this.#rows += step.rows
    this.#bytes += step.bytes
    for (const stream of step.streams) this.#add(stream)
    if (this.#deadLetters > 0 && this.#deadLetters > this.#parts.maxDeadLetters()) throw tooManyDeadLetters()
  }

  isFull(nowMs: number, { maxUnitRows, maxUnitBytes, maxUnitMs, firstUnitMs }: UnitLimits): boolean {
    if (!this.#isOpen) return false
    const maxAge = Math.min(maxUnitMs, firstUnitMs * 2 ** this.#commits)
    // A clock that was set back must not keep a unit open: the broker would abort it.
    const age = Math.abs(nowMs - this.#openedAtMs)
    return this.#rows >= maxUnitRows || this.#bytes >= maxUnitBytes || age >= maxAge
  }

  async commit(): Promise<void> {
    if (!this.#isOpen) return
    const nowMs = this.#parts.clock.nowMs()
    const progress: ReplayProgress = {
      run: this.committed.run,
      activeMs: this.committed.activeMs + Math.max(0, Math.round(nowMs - this.#activeSinceMs)),
      streams: new Map(this.#streams),
    }
    await this.#parts.writer.commit(encodeProgress(progress))
    this.#commits += 1
    this.committed = progress
    this.#activeSinceMs = nowMs
    this.#rows = 0
    this.#bytes = 0
    this.#isOpen = false
    this.#parts.onCommit(progress)
  }

  #add(step: StreamStep): void {
    const before = this.#streams.get(streamKey(step))
    this.#deadLetters += step.deadLetters
    this.#streams.set(streamKey(step), {
      source: step.source,
      partition: step.partition,
      next: step.next,
      rows: (before?.rows ?? 0) + step.rows,
      bytes: (before?.bytes ?? 0) + step.bytes,
      firstOffset: before?.firstOffset ?? step.firstOffset,
      lastOffset: step.lastOffset ?? before?.lastOffset ?? null,
      deadLetters: (before?.deadLetters ?? 0) + step.deadLetters,
    })
  }
}

function tooManyDeadLetters(): ConflictError {
  return new ConflictError('too-many-dead-letters', 'more records than `maxDeadLetters` allows could not be changed', {
    remedy: 'Look at the dead-letter topic, mend the upcaster, and start a new replay; or allow more dead letters.',
  })
}
