import { AbortedError, ColdstreamError, FencedError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Log } from '../ports/log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { EmitLimits } from './emit.ts'
import type { ReplayProgress } from './progress.ts'
import { newWriter, type ReplayRecords, type StateDraft } from './replay-records.ts'
import { runReplay } from './run.ts'
import { mayFollow, type StateEntry, type StateError, type WrittenRecords, writtenRecords } from './state.ts'
import { type ReplayStatus, replayStatus } from './status.ts'
import type { StoredReplay } from './stored-replay.ts'
import { prepareTarget } from './target.ts'

/** What a replay works with. */
export interface ReplayDeps {
  store: ObjectStore
  eventLog: EventLog
  records: ReplayRecords
  clock: Clock
  log: Log
  limits: EmitLimits
}

/** A replay at work in this process: one start of it, from the state log's last entry to the next final one. */
export class ActiveReplay {
  /**
   * Settles when the work ended. Rejects with why it did not complete: AbortedError `replay-cancelled` or
   * `replay-stopped`, FencedError when another instance took over, or what the state log now has as the error.
   */
  readonly done: Promise<void>
  readonly #deps: ReplayDeps
  readonly #replay: StoredReplay
  readonly #writer = newWriter()
  readonly #stop = new AbortController()
  readonly #listeners = new Set<(status: ReplayStatus) => void>()
  #entry: StateEntry
  #written: WrittenRecords | null
  /** Where this start found the replay. */
  #began: { rows: number; atMs: number } | null = null

  constructor(deps: ReplayDeps, replay: StoredReplay, entry: StateEntry) {
    this.#deps = deps
    this.#replay = replay
    this.#entry = entry
    this.#written = entry.written
    this.done = this.#run()
  }

  status(): ReplayStatus {
    return replayStatus(this.#replay, this.#entry, this.#written, this.#rowsPerSecond())
  }

  /** Calls the listener after each commit and change of state, until the function that is returned is called. */
  subscribe(listener: (status: ReplayStatus) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Stops at once and for good; what is committed stays. */
  async cancel(): Promise<void> {
    await this.#advance({ state: 'cancelling' })
    this.#stop.abort(cancelled(this.#replay.id))
  }

  /** Stops at once, to be continued by a later start. */
  interrupt(): void {
    this.#stop.abort(
      new AbortedError('replay-stopped', `replay ${this.#replay.id} was stopped before its end`, {
        remedy: 'Start it again with the same id and selection: it continues after the last committed transaction.',
        details: { id: this.#replay.id },
      }),
    )
  }

  async #run(): Promise<void> {
    const { id } = this.#replay
    const { log } = this.#deps
    try {
      await this.#emit()
      await this.#advance({ state: 'completed', written: this.#written })
      log.info('replay completed', { replay: id, rows: this.#written?.rows })
    } catch (error) {
      await this.#conclude(error)
      throw error
    }
  }

  async #emit(): Promise<void> {
    const { eventLog, store, clock, log, limits } = this.#deps
    const { id, run, plan, target } = this.#replay
    const signal = this.#stop.signal
    await this.#advance({ state: 'planning' })
    const prepared = await prepareTarget(eventLog, this.#replay, this.#entry.targetIncarnation)
    signal.throwIfAborted()
    await this.#advance({ state: 'running', targetIncarnation: prepared.incarnationId })
    log.info('replay runs', { replay: id, source: plan.topic, target: target.topic })
    const onProgress = (progress: ReplayProgress): void => this.#keep(progress)
    const { maxRecordBytes } = prepared
    await runReplay({
      ...{ id, run, plan, target: target.topic, maxRecordBytes },
      ...{ eventLog, store, clock, log, limits, signal, onProgress },
    })
  }

  /** Leaves the truth in the state log, where that is this start's to do. */
  async #conclude(error: unknown): Promise<void> {
    const { id } = this.#replay
    if (error instanceof FencedError) {
      this.#deps.log.warn('replay goes on in another instance', { replay: id, reason: error.message })
    } else if (this.#stop.signal.aborted && this.#entry.state === 'cancelling') {
      await this.#advance({ state: 'cancelled', written: this.#written })
      this.#deps.log.info('replay cancelled', { replay: id, rows: this.#written?.rows })
    } else if (error !== this.#stop.signal.reason) {
      await this.#advance({ state: 'failed', written: this.#written, error: stateError(error) })
      this.#deps.log.error('replay failed', { replay: id, reason: stateError(error).message })
    }
  }

  #keep(progress: ReplayProgress): void {
    this.#written = writtenRecords(progress)
    this.#began ??= { rows: this.#written.rows, atMs: this.#deps.clock.nowMs() }
    this.#tell()
  }

  #tell(): void {
    if (this.#listeners.size === 0) return
    const status = this.status()
    for (const listener of this.#listeners) listener(status)
  }

  async #advance(draft: StateDraft): Promise<void> {
    const { records } = this.#deps
    const { id } = this.#replay
    for (;;) {
      // Only `cancel` changes the state beside the run.
      if (this.#entry.state === 'cancelling' && !mayFollow('cancelling', draft.state)) throw cancelled(id)
      const entry = await records.append(id, this.#writer, this.#entry, draft)
      if (entry !== null) {
        this.#entry = entry
        return this.#tell()
      }
      const latest = await records.state(this.#replay)
      if (latest.writer !== this.#writer) {
        throw new FencedError('replay-taken-over', `replay ${id} is in the hands of another instance now`, {
          remedy: 'Follow it by its id; it needs only one instance.',
          details: { id },
        })
      }
      this.#entry = latest
    }
  }

  #rowsPerSecond(): number | null {
    if (this.#began === null || this.#written === null) return null
    const elapsedMs = this.#deps.clock.nowMs() - this.#began.atMs
    return elapsedMs <= 0 ? null : ((this.#written.rows - this.#began.rows) * 1000) / elapsedMs
  }
}

function cancelled(id: string): AbortedError {
  return new AbortedError('replay-cancelled', `replay ${id} was cancelled`, {
    remedy: 'Start it again with the same id and selection to go on after what is committed.',
    details: { id },
  })
}

function stateError(error: unknown): StateError {
  if (error instanceof ColdstreamError) return { code: error.code, message: error.message, remedy: error.remedy }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'internal', message, remedy: 'Report this as a bug of Coldstream, with the log.' }
}
