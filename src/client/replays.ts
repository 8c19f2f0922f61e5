import { setTimeout as sleep } from 'node:timers/promises'
import type { Handover } from '../replay/handover/handover.ts'
import type { ReplayPreview } from '../replay/preview.ts'
import type { ReplayState } from '../replay/run/state.ts'
import type { ReplayStatus } from '../replay/status.ts'
import type { Caller, CallOptions } from './call.ts'
import { ProblemError, UnreachableError } from './errors.ts'
import { serverSentEvents } from './events.ts'
import type { ReplayRate, ReplayRequest } from './replay-request.ts'

export interface CreateOptions extends CallOptions {
  /** The same key again gives the replay that the first call created, instead of another one. */
  idempotencyKey?: string
}

/** Which replays to list. */
export interface ReplayFilter {
  state?: ReplayState
  /** Source topic. */
  source?: string
  /** Target topic. */
  target?: string
  /** At most so many. */
  limit?: number
  /** `next` of the page before. */
  after?: number
}

export interface ReplayPage {
  /** The latest first. */
  replays: ReplayStatus[]
  /** What to ask for the next page with; null: this was the last one. */
  next: number | null
}

/** How long `finished` bears a service that does not answer. */
const patienceMs = 60_000
const pollMs = 500

/** `/v1/replays`. */
export class Replays {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  /** Creates a replay and starts it, or continues the one of its id. */
  create(request: ReplayRequest, options: CreateOptions = {}): Promise<ReplayStatus> {
    return this.#caller.json({ method: 'POST', path: ['v1', 'replays'], body: request, ...options })
  }

  /** What the replay would do, without doing it. */
  dryRun(request: ReplayRequest, options: CallOptions = {}): Promise<ReplayPreview> {
    return this.#caller.json({
      method: 'POST',
      path: ['v1', 'replays'],
      body: { ...request, dryRun: true },
      ...options,
    })
  }

  /** Throws ProblemError `replay-not-found`. */
  get(id: string, options: CallOptions = {}): Promise<ReplayStatus> {
    return this.#caller.json({ method: 'GET', path: ['v1', 'replays', id], ...options })
  }

  list(filter: ReplayFilter = {}, options: CallOptions = {}): Promise<ReplayPage> {
    return this.#caller.json({ method: 'GET', path: ['v1', 'replays'], query: { ...filter }, ...options })
  }

  /** Every replay, page by page. */
  async *all(filter: ReplayFilter = {}, options: CallOptions = {}): AsyncGenerator<ReplayStatus> {
    for (let after = filter.after; ; ) {
      const page = await this.list({ ...filter, ...(after !== undefined && { after }) }, options)
      yield* page.replays
      if (page.next === null) return
      after = page.next
    }
  }

  /** Stops at a transaction's boundary, until `resume`. */
  pause(id: string, options: CallOptions = {}): Promise<ReplayStatus> {
    return this.#steer(id, 'pause', options)
  }

  resume(id: string, options: CallOptions = {}): Promise<ReplayStatus> {
    return this.#steer(id, 'resume', options)
  }

  /** Stops for good; what is committed stays in the target. */
  cancel(id: string, options: CallOptions = {}): Promise<ReplayStatus> {
    return this.#steer(id, 'cancel', options)
  }

  /** Another pace from now on; null: as fast as it goes. */
  changeRate(id: string, rate: ReplayRate | null, options: CallOptions = {}): Promise<ReplayStatus> {
    return this.#caller.json({ method: 'PUT', path: ['v1', 'replays', id, 'rate'], body: rate, ...options })
  }

  /** The status after each change, until the replay's end. Throws UnreachableError when the stream breaks off before. */
  async *events(id: string, options: CallOptions = {}): AsyncGenerator<ReplayStatus> {
    const path = ['v1', 'replays', id, 'events']
    const response = await this.#caller.send({ method: 'GET', path, accept: 'text/event-stream', ...options })
    try {
      for await (const { event, data } of serverSentEvents(response.body!)) {
        if (event !== 'status') continue
        const status = JSON.parse(data) as ReplayStatus
        yield status
        if (isFinal(status.state)) return
      }
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason
      throw new UnreachableError(`the events of replay ${id} broke off`, { cause: error })
    }
    throw new UnreachableError(`the events of replay ${id} ended before the replay`)
  }

  /** The status once the replay completed, failed or was cancelled. Bears a service that is away for a minute. */
  finished(id: string, options: CallOptions = {}): Promise<ReplayStatus> {
    return this.reached(id, isFinal, options)
  }

  /** The status once its state is as wished, or final. Bears a service that is away for a minute. */
  async reached(
    id: string,
    wished: (state: ReplayState) => boolean,
    { signal }: CallOptions = {},
  ): Promise<ReplayStatus> {
    for (let answeredAtMs = performance.now(); ; ) {
      try {
        const status = await this.get(id, { signal })
        if (wished(status.state) || isFinal(status.state)) return status
        answeredAtMs = performance.now()
      } catch (error) {
        if (!isPassing(error) || performance.now() - answeredAtMs > patienceMs) throw error
      }
      await sleep(pollMs, undefined, { signal })
    }
  }

  /** Where live consumption goes on after a completed replay. */
  handover(id: string, options: CallOptions = {}): Promise<Handover> {
    return this.#caller.json({ method: 'GET', path: ['v1', 'replays', id, 'handover'], ...options })
  }

  /** Commits the hand-over for a group. Throws ProblemError `group-active` while the group has members. */
  commitHandover(id: string, groupId: string, options: CallOptions = {}): Promise<Handover> {
    const path = ['v1', 'replays', id, 'handover']
    return this.#caller.json({ method: 'POST', path, body: { groupId }, ...options })
  }

  #steer(id: string, how: 'pause' | 'resume' | 'cancel', options: CallOptions): Promise<ReplayStatus> {
    return this.#caller.json({ method: 'POST', path: ['v1', 'replays', id, how], ...options })
  }
}

/** Whether a replay's work has ended; one that failed or was cancelled goes on when it is asked for again. */
export function isFinal(state: ReplayState): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled'
}

function isPassing(error: unknown): boolean {
  return error instanceof UnreachableError || (error instanceof ProblemError && error.status >= 500)
}
