import { AbortedError, FencedError } from '../../errors.ts'
import type { ReplayDeps } from '../deps.ts'
import { positionOf, type ReplayProgress } from '../emit/progress.ts'
import { ShareRun, type ShareRunOptions } from './share-run.ts'

/** How a share's work here ended. */
export type ShareOutcome = { share: number; progress: ReplayProgress | null } & (
  | { kind: 'finished' | 'halted' }
  /** Another instance has it. */
  | { kind: 'fenced'; error: FencedError }
  /** It was told to stop at once. */
  | { kind: 'aborted' }
  | { kind: 'failed'; error: unknown }
)

/** The shares of one replay that are at work on this instance. */
export class ShareRuns {
  readonly #deps: ReplayDeps
  readonly #onEnd: () => void
  readonly #running = new Map<number, ShareRun>()
  readonly #outcomes: ShareOutcome[] = []
  /** Shares that another instance took: where they were when that was seen last, and when. */
  readonly #yielded = new Map<number, { position: string; sinceMs: number }>()

  /** `onEnd` is called when there is an outcome to take. */
  constructor(deps: ReplayDeps, onEnd: () => void) {
    this.#deps = deps
    this.#onEnd = onEnd
  }

  get running(): readonly ShareRun[] {
    return [...this.#running.values()]
  }

  start(options: ShareRunOptions): void {
    const run = new ShareRun(options)
    const { share } = run
    this.#running.set(share, run)
    this.#yielded.delete(share)
    const end = (outcome: ShareOutcome): void => {
      this.#running.delete(share)
      this.#outcomes.push(outcome)
      this.#onEnd()
    }
    run.done.then(
      (kind) => end({ share, progress: run.progress, kind }),
      (error: unknown) => end({ share, progress: run.progress, ...this.#judge(share, error) }),
    )
  }

  isRunning(share: number): boolean {
    return this.#running.has(share)
  }

  /** The next outcome, which stays until `taken` is called; undefined when there is none. */
  get outcome(): ShareOutcome | undefined {
    return this.#outcomes[0]
  }

  taken(): void {
    this.#outcomes.shift()
  }

  /**
   * Whether a share may be started here: unless another instance took it and brings it forward. `progress` is what the
   * share has committed by now.
   */
  mayStart(share: number, progress: ReplayProgress | null): boolean {
    if (this.#running.has(share)) return false
    const yielded = this.#yielded.get(share)
    if (yielded === undefined) return true
    const nowMs = this.#deps.clock.nowMs()
    const position = positionOf(progress)
    if (position !== yielded.position) this.#yielded.set(share, { position, sinceMs: nowMs })
    return position === yielded.position && nowMs - yielded.sinceMs >= this.#deps.limits.takeBackAfterMs
  }

  /** Shares that another instance took. */
  get yielded(): readonly number[] {
    return [...this.#yielded.keys()]
  }

  halt(isConcerned: (share: number) => boolean = () => true): void {
    for (const run of this.#running.values()) if (isConcerned(run.share)) run.halt()
  }

  abort(reason: AbortedError): void {
    for (const run of this.#running.values()) run.abort(reason)
  }

  /** Waits until these shares stand still, whatever their end. */
  async settled(isConcerned: (share: number) => boolean = () => true): Promise<void> {
    await Promise.allSettled(this.running.filter(({ share }) => isConcerned(share)).map(({ done }) => done))
  }

  #judge(
    share: number,
    error: unknown,
  ): { kind: 'aborted' } | { kind: 'fenced'; error: FencedError } | { kind: 'failed'; error: unknown } {
    if (error instanceof AbortedError) return { kind: 'aborted' }
    if (!(error instanceof FencedError)) return { kind: 'failed', error }
    this.#yielded.set(share, { position: '', sinceMs: this.#deps.clock.nowMs() })
    return { kind: 'fenced', error }
  }
}
