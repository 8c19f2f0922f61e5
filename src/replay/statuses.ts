import type { ReplayDeps } from './deps.ts'
import { listSkipped, skippable } from './read/skipped-segment.ts'
import type { ReplayController } from './run/controller.ts'
import { ShareBook, type WrittenRecords } from './run/share-book.ts'
import type { StateEntry } from './run/state.ts'
import type { StoredReplay } from './run/stored-replay.ts'
import { Speedometer } from './speedometer.ts'
import { fractionDone, type ReplayStatus, replayStatus, type Speed } from './status.ts'

/** Puts together what is known of replays: by this instance, by the store, and by the broker of what others run. */
export class Statuses {
  readonly #deps: ReplayDeps
  readonly #controllerOf: (id: string) => ReplayController | undefined
  readonly #speeds = new Map<string, Speedometer>()

  constructor(deps: ReplayDeps, controllerOf: (id: string) => ReplayController | undefined) {
    this.#deps = deps
    this.#controllerOf = controllerOf
  }

  async of(replay: StoredReplay, entry: StateEntry): Promise<ReplayStatus> {
    const controller = this.#controllerOf(replay.id)
    const book = controller?.book ?? new ShareBook(this.#deps, replay)
    const elsewhere = controller?.elsewhere ?? replay.plan.shares.map(({ share }) => share)
    await book.refresh(elsewhere)
    if (entry.targets !== null) await book.refreshProgress(elsewhere)
    const written = book.written()
    const maySkip = entry.accept.some((code) => skippable.includes(code))
    const skipped = maySkip ? await listSkipped(this.#deps.store, replay.id) : []
    return replayStatus(replay, entry, written, this.#speed(replay, entry, written), skipped)
  }

  /** It stood still, or goes at another rate from now on. */
  resetSpeed(id: string): void {
    this.#speeds.get(id)?.reset()
  }

  #speed(replay: StoredReplay, { state }: StateEntry, written: WrittenRecords | null): Speed | null {
    if (state !== 'running' || written === null) {
      this.#speeds.delete(replay.id)
      return null
    }
    const meter = this.#speeds.get(replay.id) ?? new Speedometer(this.#deps.clock)
    this.#speeds.set(replay.id, meter)
    meter.note(written.rows, fractionDone(replay.plan, written.streams))
    return meter.speed
  }
}
