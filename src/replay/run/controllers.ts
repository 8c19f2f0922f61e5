import { concurrently } from '../../catalog/concurrently.ts'
import { UnavailableError } from '../../errors.ts'
import type { ReplayDeps } from '../deps.ts'
import { ReplayController } from './controller.ts'
import { isFinal } from './state.ts'
import type { StoredReplay } from './stored-replay.ts'

/** Replays that are looked at at the same time when the process starts. */
const concurrency = 8

/** The replays that this process works on, and how it hears of more. */
export class Controllers {
  readonly #deps: ReplayDeps
  readonly #byId = new Map<string, ReplayController>()
  /** How the last work on each replay in this process ended, or ends. */
  readonly #outcomes = new Map<string, Promise<void>>()
  readonly #closed = new AbortController()
  #following: Promise<void> = Promise.resolve()

  constructor(deps: ReplayDeps) {
    this.#deps = deps
    deps.work.onChange(async () => {
      await Promise.all([...this.#byId.values()].map((controller) => controller.yieldShares()))
    })
  }

  get(id: string): ReplayController | undefined {
    return this.#byId.get(id)
  }

  /** How the replay's last work in this process ends; undefined when there was none. */
  outcome(id: string): Promise<void> | undefined {
    return this.#outcomes.get(id)
  }

  /** Works on the replay from now on, unless it is at its end; one that is worked on looks at its state log at once. */
  async take(replay: StoredReplay): Promise<void> {
    const entry = await this.#deps.records.state(replay)
    const known = this.#byId.get(replay.id)
    if (known !== undefined) return known.observe(entry)
    if (isFinal(entry.state) || this.#closed.signal.aborted) return
    const controller = new ReplayController(this.#deps, replay, entry)
    this.#byId.set(replay.id, controller)
    this.#outcomes.set(replay.id, controller.done)
    // How it ended is in the state log, and in the outcome for those who wait.
    const forget = (): boolean => this.#byId.delete(replay.id)
    controller.done.then(forget, forget)
  }

  /** Takes every replay that is not at its end, and from now on those that are announced; resolves after the first ones. */
  async follow(): Promise<void> {
    const next = await this.#takeAnnounced(0)
    this.#following = this.#follow(next)
  }

  async close(): Promise<void> {
    this.#closed.abort()
    const controllers = [...this.#byId.values()]
    for (const controller of controllers) controller.close()
    await Promise.allSettled([...controllers.map(({ done }) => done), this.#following])
  }

  async #follow(from: number): Promise<void> {
    const { clock, limits, log } = this.#deps
    for (let next = from; !this.#closed.signal.aborted; ) {
      await Promise.allSettled([clock.sleep(limits.pollIntervalMs, this.#closed.signal)])
      if (this.#closed.signal.aborted) return
      try {
        next = await this.#takeAnnounced(next)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        if (error instanceof UnavailableError)
          log.warn('new replays cannot be looked for, the store is away', { reason })
        else log.error('new replays cannot be looked for', { reason })
      }
    }
  }

  /** Returns the number of the next announcement. */
  async #takeAnnounced(from: number): Promise<number> {
    const { records } = this.#deps
    const count = await records.announcements(from)
    const ids = new Set((await records.announced(from, count)).map(({ id }) => id))
    await concurrently([...ids], concurrency, async (id) => {
      if (!(await records.isEnded(id))) await this.take(await records.load(id))
    })
    return count
  }
}
