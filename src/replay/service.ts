import { randomUUID } from 'node:crypto'
import { ConflictError, UnavailableError } from '../errors.ts'
import { ReplayChange } from './change/replay-change.ts'
import type { ReplayDeps } from './deps.ts'
import { defaultReplayLimits } from './limits.ts'
import { refusal } from './plan/finding.ts'
import { prepareReplay } from './plan/prepare.ts'
import { previewReplay, type ReplayPreview } from './preview.ts'
import { parseRate } from './request/rate.ts'
import { jobToJson, parseReplayRequest, type ReplayJob, type ReplayRequest, requestHash } from './request/request.ts'
import { Controllers } from './run/controllers.ts'
import { listReplays, type ReplayFilter } from './run/list.ts'
import { ReplayRecords } from './run/replay-records.ts'
import { isFinal } from './run/state.ts'
import { steer, type Wish } from './run/steering.ts'
import type { StoredReplay } from './run/stored-replay.ts'
import { allSlots } from './run/work-slots.ts'
import { resolveSource } from './selections/named-source.ts'
import { SavedSelections } from './selections/saved-selections.ts'
import { type ReplayStatus, replayStatus } from './status.ts'
import { Statuses } from './statuses.ts'

export type ReplayServiceOptions = Omit<ReplayDeps, 'records' | 'limits' | 'work' | 'logs'> &
  Partial<Pick<ReplayDeps, 'limits' | 'work' | 'logs'>> & { selections?: SavedSelections }

/** JSON-ready. */
export interface ReplayList {
  replays: ReplayStatus[]
  /** For `after` of the next page; null when this was the last. */
  next: number | null
}

/** Creates replays, runs its share of them in this process, steers them and tells how far they are. */
export class ReplayService {
  readonly #deps: ReplayDeps
  readonly #controllers: Controllers
  readonly #selections: SavedSelections
  readonly #statuses: Statuses

  constructor({
    limits = defaultReplayLimits,
    work = allSlots,
    logs = new Map(),
    selections,
    ...deps
  }: ReplayServiceOptions) {
    this.#selections = selections ?? new SavedSelections(deps.store, deps.clock)
    this.#deps = { ...deps, limits, work, logs, records: new ReplayRecords(deps.store, deps.clock) }
    this.#controllers = new Controllers(this.#deps)
    this.#statuses = new Statuses(this.#deps, (id) => this.#controllers.get(id))
  }

  /**
   * What a request (as parseReplayRequest reads it) would do; changes nothing. Throws InvalidInputError
   * `replay-request-invalid`, NotFoundError `topic-not-archived`, ConflictError `replay-id-used`.
   */
  async dryRun(json: unknown): Promise<ReplayPreview> {
    const request = parseReplayRequest(await resolveSource(json, this.#selections))
    const continued = (await this.#existing(request)) !== null
    return previewReplay(
      this.#deps,
      request,
      await prepareReplay(this.#deps, request.job, { id: request.id, continued }),
    )
  }

  /**
   * Creates a replay and starts it; `finished` waits for its end. A replay of this id with the same job is continued
   * instead after its last committed transaction, whatever stopped it; a completed one stays as it is. Throws what
   * `dryRun` throws, and ConflictError `replay-refused` with all findings.
   */
  async create(json: unknown): Promise<ReplayStatus> {
    const request = parseReplayRequest(await resolveSource(json, this.#selections))
    const existing = await this.#existing(request)
    if (existing !== null) return this.#continue(existing, request.accept)
    const { plan, findings, targetPartitions } = await prepareReplay(this.#deps, request.job, {
      id: request.id,
      continued: false,
    })
    const refused = refusal(findings, request.accept)
    if (refused !== null) {
      // what another instance has emitted meanwhile, as this very replay, stands in nobody's way
      const meanwhile = await this.#existing(request)
      if (meanwhile === null) throw refused
      return this.#continue(meanwhile, request.accept)
    }
    const { job, rate, accept } = request
    const id = request.id ?? `${readablePart(job.source.topics[0]!)}${randomUUID().slice(0, 8)}`
    const replay: StoredReplay = {
      ...{ id, run: randomUUID(), job, targetPartitions, plan },
      createdAt: new Date(this.#deps.clock.nowMs()).toISOString(),
      upcaster: await this.#identifyUpcaster(id, job),
      warnings: findings,
    }
    const kept = await this.#deps.records.create(replay, { rate, accept })
    if (requestHash(kept.job) !== requestHash(job)) throw idUsed(kept)
    await this.#controllers.take(kept)
    return this.#current(kept)
  }

  /** Throws NotFoundError `replay-not-found`. */
  async get(id: string): Promise<ReplayStatus> {
    return this.#current(await this.stored(id))
  }

  /** A page of replays, the latest first. */
  async list(filter: ReplayFilter): Promise<ReplayList> {
    const { replays, next } = await listReplays(this.#deps.records, filter)
    const statuses: ReplayStatus[] = []
    for (const { replay, entry } of replays) statuses.push(await this.#statuses.of(replay, entry))
    return { replays: statuses, next }
  }

  /**
   * Stops after what is being written is committed; `resume` goes on. Answers when it stands still, or that it is
   * `pausing` yet when that takes long. Throws NotFoundError, ConflictError `replay-ended`.
   */
  async pause(id: string): Promise<ReplayStatus> {
    return this.#stood(await this.#steer(id, { to: 'pause' }))
  }

  /** Goes on after whatever stopped it. Throws NotFoundError, ConflictError `replay-ended` for a completed one. */
  resume(id: string, accept: readonly string[] = []): Promise<ReplayStatus> {
    return this.#steer(id, { to: 'resume', accept })
  }

  /**
   * Stops a replay: what is not committed is dropped, what is committed stays. Answers when it has stopped, or that it is
   * `cancelling` yet when that takes long. Throws NotFoundError, ConflictError `replay-ended`.
   */
  async cancel(id: string): Promise<ReplayStatus> {
    return this.#stood(await this.#steer(id, { to: 'cancel' }))
  }

  /** Takes `{recordsPerSecond}`, `{bytesPerSecond}`, `{speed}` or null. Throws InvalidInputError `rate-invalid`, ConflictError `replay-ended`. */
  async changeRate(id: string, json: unknown): Promise<ReplayStatus> {
    return this.#steer(id, { to: 'change-rate', rate: parseRate(json) })
  }

  /** Goes on with every replay that is not at its end, and takes part in those that any instance creates from now on. */
  async start(): Promise<void> {
    await this.#deps.work.join()
    await this.#controllers.follow()
  }

  /**
   * The replay's status now, and again whenever it has changed, until it is at its end; that one is the last. Looks at
   * what other instances do once in a poll interval, and waits while store or broker are away.
   */
  async *watch(id: string, signal: AbortSignal): AsyncGenerator<ReplayStatus, void, undefined> {
    let shown = ''
    for (;;) {
      const controller = this.#controllers.get(id)
      const changed = Promise.withResolvers<void>()
      const unsubscribe = controller?.subscribe(changed.resolve)
      const status = await this.#unlessAway(id)
      const text = status === null ? shown : JSON.stringify(status)
      if (status !== null && text !== shown) yield status
      shown = text
      const isOver = status !== null && isFinal(status.state)
      if (!isOver) await this.#next(changed.promise, signal)
      unsubscribe?.()
      if (signal.aborted || isOver) return
    }
  }

  /**
   * The status at the end of a replay's work in this process. Throws why it did not complete: the error that made it
   * fail, AbortedError `replay-cancelled` or `replay-stopped`.
   */
  async finished(id: string): Promise<ReplayStatus> {
    await this.#controllers.outcome(id)
    return this.get(id)
  }

  /** The replay as it was created. Throws NotFoundError `replay-not-found`. */
  async stored(id: string): Promise<StoredReplay> {
    return this.#controllers.get(id)?.replay ?? (await this.#deps.records.load(id))
  }

  /** Interrupts what runs, to be continued by another instance or a later start, and waits until it stands still. */
  async close(): Promise<void> {
    await this.#controllers.close()
    await this.#deps.work.close()
  }

  /** Calls the listener after each commit and change of state of a replay at work here; returns how to stop that. */
  subscribe(id: string, listener: (status: ReplayStatus) => void): () => void {
    const controller = this.#controllers.get(id)
    if (controller === undefined) return () => undefined
    const { replay, book } = controller
    return controller.subscribe(() => listener(replayStatus(replay, controller.entry, book.written(), null, [])))
  }

  async #current(replay: StoredReplay): Promise<ReplayStatus> {
    const entry = this.#controllers.get(replay.id)?.entry ?? (await this.#deps.records.state(replay))
    return this.#statuses.of(replay, entry)
  }

  async #stood(begun: ReplayStatus): Promise<ReplayStatus> {
    let status = begun
    const patience = AbortSignal.timeout(this.#deps.limits.haltPatienceMs * 2)
    for await (status of this.watch(begun.id, patience)) {
      if (status.state !== 'pausing' && status.state !== 'cancelling') break
    }
    return status
  }

  /** The status, or null while store or broker cannot be reached. */
  async #unlessAway(id: string): Promise<ReplayStatus | null> {
    try {
      return await this.get(id)
    } catch (error) {
      if (error instanceof UnavailableError) return null
      throw error
    }
  }

  async #next(changed: Promise<void>, signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const waited = AbortSignal.any([over.signal, signal])
    await Promise.race([
      changed,
      Promise.allSettled([this.#deps.clock.sleep(this.#deps.limits.pollIntervalMs, waited)]),
    ])
    over.abort()
  }

  async #steer(id: string, wish: Wish): Promise<ReplayStatus> {
    const replay = await this.stored(id)
    const entry = await steer(this.#deps.records, replay, wish)
    this.#statuses.resetSpeed(id)
    await this.#controllers.take(replay)
    return this.#statuses.of(replay, entry)
  }

  async #continue(replay: StoredReplay, accept: readonly string[]): Promise<ReplayStatus> {
    const { state } = await this.#deps.records.state(replay)
    if (state !== 'completed') await steer(this.#deps.records, replay, { to: 'resume', accept })
    await this.#controllers.take(replay)
    return this.#current(replay)
  }

  /** The upcaster that the job names, as it is now. */
  async #identifyUpcaster(id: string, job: ReplayJob): Promise<StoredReplay['upcaster']> {
    const change = await ReplayChange.open({ id, job, upcaster: null }, this.#deps.upcasters, this.#deps.clock)
    await change.close()
    return change.identity
  }

  /** The replay of the request's id, or null; never one of another job. */
  async #existing({ id, job }: ReplayRequest): Promise<StoredReplay | null> {
    const replay = id === null ? null : await this.#deps.records.find(id)
    if (replay !== null && requestHash(replay.job) !== requestHash(job)) throw idUsed(replay)
    return replay
  }
}

/** The topic's name as far as an id takes it, so that generated ids say what they are. */
function readablePart(topic: string): string {
  const words = topic.toLowerCase().match(/[a-z0-9]+/g) ?? []
  const text = words.join('-').slice(0, 40).replace(/-$/, '')
  return text === '' ? '' : `${text}-`
}

function idUsed({ id, job }: StoredReplay): ConflictError {
  const given = JSON.stringify(jobToJson(job)).slice(0, 500)
  return new ConflictError('replay-id-used', `the id ${id} is that of another replay: ${given}`, {
    remedy: 'Choose another id, or repeat the source and target of that replay to continue it.',
    details: { id },
  })
}
