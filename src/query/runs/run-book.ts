import type { Clock } from '../../ports/clock.ts'
import type { RunEnd, RunRequest, RunView } from './run-record.ts'
import { isRunId, type RunStore, timePart } from './run-store.ts'

const TIDY_EVERY_MS = 60_000
/** Runs may become visible in another order than that of their ids. */
const DISORDER_MS = 5 * 60_000

export interface RunBookParts {
  store: RunStore
  clock: Clock
  kept: { resultsMs: number; resultsBytes: number; runs: number }
  /** How long a run may take. */
  longestMs: number
}

/** What is known of runs of all instances. What has ended is read once: it does not change. */
export class RunBook {
  readonly #parts: RunBookParts
  readonly #ended = new Map<string, { request: RunRequest; end: RunEnd }>()
  /** Runs with this id and later are looked for in the store. */
  #from = ''
  #tidying: Promise<void> | null = null
  #tidiedMs = Number.NEGATIVE_INFINITY

  constructor(parts: RunBookParts) {
    this.#parts = parts
  }

  add(request: RunRequest, end: RunEnd): void {
    this.#ended.set(request.id, { request, end })
  }

  /** Null when there is no such run. */
  async get(id: string): Promise<RunView | null> {
    if (!isRunId(id)) return null
    const known = this.#ended.get(id)
    if (known !== undefined) return this.#view(known.request, known.end)
    const { store } = this.#parts
    // The end last: one that comes between the two reads is seen.
    const request = await store.readRequest(id)
    if (request === null) return null
    const end = await store.readEnd(id)
    if (end !== null) this.add(request, end)
    return this.#view(request, end)
  }

  /** All that are remembered, oldest first. */
  async list(): Promise<RunView[]> {
    const { store, clock, kept } = this.#parts
    const open: RunView[] = []
    let from = timePart(clock.nowMs() - DISORDER_MS)
    for (const { id } of await store.list(this.#from)) {
      const view = await this.get(id)
      if (view === null || view.end !== null) continue
      open.push(view)
      if (view.state !== 'lost' && id < from) from = id
    }
    this.#from = from
    const ended = [...this.#ended.values()].map(({ request, end }) => this.#view(request, end))
    return [...ended, ...open].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(-kept.runs)
  }

  /** Bytes that queries of a key have read since midnight (UTC). */
  async bytesToday(by: string): Promise<number> {
    await this.list()
    const midnightMs = Math.floor(this.#parts.clock.nowMs() / 86_400_000) * 86_400_000
    let bytes = 0
    for (const { request, end } of this.#ended.values()) {
      if (request.by !== by || request.askedMs < midnightMs) continue
      bytes += end.statistics.scannedBytes ?? end.statistics.bytes
    }
    return bytes
  }

  /** Lets go of old results and runs, now and then; does not wait for it. */
  tidy(onError: (error: unknown) => void): void {
    const nowMs = this.#parts.clock.nowMs()
    if (this.#tidying !== null || nowMs - this.#tidiedMs < TIDY_EVERY_MS) return
    this.#tidiedMs = nowMs
    this.#tidying = this.#tidy(nowMs)
      .catch(onError)
      .finally(() => {
        this.#tidying = null
      })
  }

  /** When nothing is on its way any more. */
  async settle(): Promise<void> {
    await this.#tidying
  }

  async #tidy(nowMs: number): Promise<void> {
    const { store, kept, longestMs } = this.#parts
    const runs = (await store.list()).reverse()
    const ids = new Set(runs.map(({ id }) => id))
    for (const id of this.#ended.keys()) {
      if (!ids.has(id) && id < timePart(nowMs - DISORDER_MS)) this.#ended.delete(id)
    }
    // A run that ends late has results that are younger than its id.
    const oldest = timePart(nowMs - kept.resultsMs - longestMs)
    let bytes = 0
    for (const [age, run] of runs.entries()) {
      // Whoever waited for it is about to read it.
      const endedMs = this.#ended.get(run.id)?.end.endedMs ?? Number.NEGATIVE_INFINITY
      const isYoung = run.id > timePart(nowMs - longestMs) && (!run.hasEnd || endedMs > nowMs - TIDY_EVERY_MS)
      if (isYoung) {
        bytes += run.bytes
        continue
      }
      if (age >= kept.runs) {
        await store.delete(run.id)
        this.#ended.delete(run.id)
        continue
      }
      bytes += run.bytes
      if (run.hasEnd && run.bytes > 0 && (bytes > kept.resultsBytes || run.id < oldest)) await store.deleteRows(run.id)
    }
  }

  #view(request: RunRequest, end: RunEnd | null): RunView {
    const { clock, kept } = this.#parts
    const isLost = end === null && clock.nowMs() > request.deadlineMs
    return {
      ...request,
      state: end?.state ?? (isLost ? 'lost' : 'running'),
      progress: end === null ? null : 1,
      end,
      resultsUntilMs: end?.state === 'completed' ? end.endedMs + kept.resultsMs : null,
    }
  }
}
