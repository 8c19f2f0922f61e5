import { ConflictError, UnavailableError } from '../../errors.ts'
import { ReplayChange } from '../change/replay-change.ts'
import type { ReplayDeps } from '../deps.ts'
import type { ShareRate } from '../emit/pace.ts'
import { portionOf } from '../plan/shares.ts'
import { type PreparedTarget, prepareTargets } from '../plan/target.ts'
import { forgetProgress } from './forget-progress.ts'
import { planTargets } from './plan-targets.ts'
import { cancelled, ended, stateError, stopped } from './replay-end.ts'
import type { StateDraft } from './replay-records.ts'
import { Rest } from './rest.ts'
import { ShareBook } from './share-book.ts'
import { closeWriter, openShareWriter, progressOf } from './share-run.ts'
import { type ShareOutcome, ShareRuns } from './share-runs.ts'
import { isFinal, mayFollow, type StateEntry } from './state.ts'
import type { StoredReplay } from './stored-replay.ts'

/** Whose share this is, plans the replay and concludes it. */
const leadingShare = 0

/**
 * Brings one replay on this instance to what its state log wants, again and again until it is at its end: runs the shares
 * that are this instance's, lets go of the others, halts or aborts them. Any number of instances do this side by side.
 */
export class ReplayController {
  readonly replay: StoredReplay
  /** What became of the shares, whoever runs them. */
  readonly book: ShareBook
  /**
   * Settles when the replay is at its end, or this instance lets go of it. Rejects with why it did not complete:
   * AbortedError `replay-cancelled` or `replay-stopped`, or what the state log has as the error.
   */
  readonly done: Promise<void>
  /** The last state that this instance knows of. */
  entry: StateEntry
  readonly #deps: ReplayDeps
  readonly #runs: ShareRuns
  readonly #listeners = new Set<() => void>()
  readonly #closed = new AbortController()
  #targets: Map<string, PreparedTarget> | null = null
  #change: ReplayChange | null = null
  /** Shares that stood still here since the replay's state of that number. */
  #halted = { seq: -1, sinceMs: 0, shares: new Set<number>() }
  #failure: unknown = null
  readonly #rest: Rest

  constructor(deps: ReplayDeps, replay: StoredReplay, entry: StateEntry) {
    this.#deps = deps
    this.replay = replay
    this.entry = entry
    this.book = new ShareBook(deps, replay)
    this.#runs = new ShareRuns(deps, () => this.kick())
    this.#rest = new Rest(deps.clock)
    this.done = this.#control().finally(() => this.#change?.close())
  }

  /** Takes an entry that was just written beside it, and looks at the state log now. */
  observe(entry: StateEntry): void {
    this.#enter(entry)
    this.kick()
  }

  /** Looks at the state log now. */
  kick(): void {
    this.#rest.wake()
  }

  /** Calls the listener after each commit here and each change of state, until what is returned is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Shares whose progress only others know. */
  get elsewhere(): number[] {
    const shares = this.replay.plan.shares.map(({ share }) => share)
    return shares.filter((share) => !this.#runs.isRunning(share) && !this.book.isFinished(share))
  }

  /** Stands still with the shares that are another instance's now. */
  async yieldShares(): Promise<void> {
    this.#runs.halt(this.#isOthers)
    await this.#runs.settled(this.#isOthers)
    this.kick()
  }

  /** Stops at once, to be continued by another instance or a later start; `done` rejects then. */
  close(): void {
    this.#closed.abort()
    this.#runs.abort(stopped(this.replay.id))
    this.kick()
  }

  async #control(): Promise<void> {
    const { log, limits } = this.#deps
    for (;;) {
      try {
        await this.#reconcile()
      } catch (error) {
        if (error instanceof UnavailableError) {
          log.warn('replay waits for the store or the broker', { replay: this.replay.id, reason: error.message })
        } else if (this.#failure === null) {
          this.#failure = error
          continue
        } else {
          await this.#giveUp(error)
          throw error
        }
      }
      const still = this.#runs.running.length === 0 && this.#runs.outcome === undefined
      if (this.#closed.signal.aborted && this.#runs.running.length === 0) throw stopped(this.replay.id)
      if (still && isFinal(this.entry.state)) return this.#conclude()
      await this.#rest.take(limits.pollIntervalMs)
    }
  }

  async #reconcile(): Promise<void> {
    for (let outcome = this.#runs.outcome; outcome !== undefined; outcome = this.#runs.outcome) {
      await this.#take(outcome)
      this.#runs.taken()
    }
    const entry = await this.#deps.records.newerState(this.replay.id, this.entry)
    this.#enter(entry)
    if (this.#failure !== null) await this.#fail(this.#failure)
    if (this.#closed.signal.aborted) return
    if (this.entry.state === 'pending' || this.entry.state === 'planning') await this.#plan()
    if (this.entry.state === 'running') await this.#run()
    else if (this.entry.state === 'pausing') await this.#standStill('paused')
    else if (this.entry.state === 'cancelling') await this.#standStill('cancelled')
    else if (isFinal(this.entry.state)) this.#runs.abort(ended(this.replay.id))
  }

  /** Checks and creates the targets. */
  async #plan(): Promise<void> {
    if (!this.#leads || !(await this.#advance(this.entry, { state: 'planning' }))) return
    const planning = this.entry
    const [planned] = await Promise.allSettled([planTargets(this.#deps, this.replay, planning)])
    // what another instance that planned it meanwhile has created and written stands in nobody's way
    this.#enter(await this.#deps.records.newerState(this.replay.id, planning))
    if (this.entry !== planning) return
    if (planned.status === 'rejected') throw planned.reason
    const { targets, draft } = planned.value
    if (!(await this.#advance(planning, draft))) return
    this.#targets = targets
    this.#deps.log.info('replay runs', { replay: this.replay.id, shares: this.replay.plan.shares.length })
  }

  async #run(): Promise<void> {
    const running = this.entry
    const { eventLog } = this.#deps
    const { plan } = this.replay
    this.#targets ??= await prepareTargets(eventLog, this.replay, this.entry.targets, this.entry.accept)
    this.#change ??= await ReplayChange.open(this.replay, this.#deps.upcasters, this.#deps.clock)
    await this.book.refresh(this.elsewhere)
    if (this.#runs.yielded.length > 0) await this.book.refreshProgress(this.#runs.yielded)
    this.#runs.halt(this.#isOthers)
    for (const share of plan.shares) {
      const number = share.share
      if (this.book.isFinished(number) || this.#isOthers(number)) continue
      if (this.#runs.mayStart(number, this.book.progress(number))) {
        this.#halted.shares.delete(number)
        this.#runs.start({
          ...{
            deps: this.#deps,
            replay: this.replay,
            share,
            targets: this.#targets,
            change: this.#change,
            accept: this.entry.accept,
          },
          rate: this.#rateOf(number),
          deadLettersElsewhere: () => this.book.deadLetters(number),
          onProgress: (progress) => {
            this.book.note(number, progress)
            this.#tell()
          },
        })
      }
    }
    const isFinished = plan.shares.every(({ share }) => this.book.isFinished(share))
    if (isFinished && this.#leads && (await this.#advance(running, { state: 'completed' })))
      await forgetProgress(this.#deps, this.replay.id)
  }

  /** Halts or aborts what runs here; whoever leads waits for the others, and fences those that do not answer. */
  async #standStill(as: 'paused' | 'cancelled'): Promise<void> {
    if (as === 'paused') this.#runs.halt()
    else this.#runs.abort(cancelled(this.replay.id))
    if (this.#runs.running.length > 0) return
    const standing = this.entry
    const { seq, targets } = standing
    if (this.#halted.seq !== seq) this.#halted = { ...this.#halted, seq, sinceMs: this.#deps.clock.nowMs() }
    for (const share of this.#halted.shares) {
      const progress = this.book.progress(share)
      if (progress !== null && !this.book.isHalted(share, seq)) await this.book.conclude(share, 'halted', seq, progress)
    }
    if (!this.#leads) return
    const others = targets === null ? [] : this.elsewhere.filter((share) => !this.book.isHalted(share, seq))
    await this.book.refresh(others)
    const silent = others.filter((share) => !this.book.isFinished(share) && !this.book.isHalted(share, seq))
    const { clock, limits } = this.#deps
    if (silent.length > 0 && clock.nowMs() - this.#halted.sinceMs < limits.haltPatienceMs) return
    for (const share of silent) await this.#fence(share, seq)
    await this.#advance(standing, { state: as })
  }

  /** Opening its writer stops whoever has it, and says what was committed. */
  async #fence(share: number, seq: number): Promise<void> {
    const { id, run } = this.replay
    const writer = await openShareWriter(this.#deps, this.replay, share)
    const progress = progressOf(writer, id, run)
    await closeWriter(writer, id, this.#deps.log)
    await this.book.conclude(share, 'halted', seq, progress)
  }

  async #take(outcome: ShareOutcome): Promise<void> {
    const { share, progress, kind } = outcome
    const { log } = this.#deps
    this.#halted.shares.add(share)
    if (kind === 'finished' && progress !== null)
      await this.book.conclude(share, 'finished', Math.max(0, this.entry.seq), progress)
    if (kind === 'fenced') {
      this.#halted.shares.delete(share)
      log.warn('another instance has a share of a replay', {
        replay: this.replay.id,
        share,
        reason: outcome.error.message,
      })
    }
    if (kind === 'failed') this.#failure ??= outcome.error
  }

  async #fail(error: unknown): Promise<void> {
    const problem = stateError(error)
    if (isFinal(this.entry.state)) return
    this.#deps.log.error('replay failed', { replay: this.replay.id, reason: problem.message })
    while (!isFinal(this.entry.state) && !(await this.#advance(this.entry, { state: 'failed', error: problem }))) {
      this.#enter(await this.#deps.records.newerState(this.replay.id, this.entry))
    }
  }

  /** That it failed cannot be written down either: nothing goes on that nobody steers. */
  async #giveUp(error: unknown): Promise<void> {
    const { id } = this.replay
    const reason = error instanceof Error ? error.message : String(error)
    this.#deps.log.error('replay is let go of, its state cannot be read or written', { replay: id, reason })
    this.#runs.abort(stopped(id))
    await this.#runs.settled()
  }

  #conclude(): void {
    const { id } = this.replay
    const { state, error } = this.entry
    this.#deps.log.info('replay ended', { replay: id, state, rows: this.book.written()?.rows })
    if (state === 'cancelled') throw cancelled(id)
    if (state !== 'failed') return
    throw (
      this.#failure ??
      new ConflictError(error?.code ?? 'replay-failed', error?.message ?? `replay ${id} failed`, {
        remedy: error?.remedy ?? 'Look at the log of the instance that ran it.',
      })
    )
  }

  /** Whether the entry was written, right after `last`; not when another came between, which the next round looks at. */
  async #advance(last: StateEntry, draft: StateDraft): Promise<boolean> {
    if (this.entry !== last || !mayFollow(last.state, draft.state)) return false
    const entry = await this.#deps.records.append(this.replay.id, last, draft)
    if (entry !== null) this.#enter(entry)
    return entry !== null
  }

  #enter(entry: StateEntry): void {
    if (entry.seq <= this.entry.seq) return
    this.entry = entry
    if (entry.state === 'running') for (const run of this.#runs.running) run.setRate(this.#rateOf(run.share))
    this.#tell()
  }

  /** Whether the share is another instance's to run. */
  readonly #isOthers = (share: number): boolean => !this.#deps.work.has(this.replay.id, share)

  get #leads(): boolean {
    return !this.#isOthers(leadingShare)
  }

  #rateOf(share: number): ShareRate {
    const { rate, anchor } = this.entry
    return { rate, anchor, portion: portionOf(this.replay.plan, share) }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
