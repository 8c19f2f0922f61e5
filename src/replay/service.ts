import { randomUUID } from 'node:crypto'
import { ConflictError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Log } from '../ports/log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { ActiveReplay, type ReplayDeps } from './active-replay.ts'
import { cancelElsewhere } from './cancel.ts'
import { defaultEmitLimits, type EmitLimits } from './emit.ts'
import { type Finding, refusal } from './preflight.ts'
import { prepareReplay } from './prepare.ts'
import { ReplayRecords } from './replay-records.ts'
import { parseReplayRequest, type ReplayRequest, requestHash, targetToJson } from './request.ts'
import { selectionToJson } from './selection.ts'
import type { Members } from './shape.ts'
import { isUnfinished } from './state.ts'
import { type PlanSummary, planSummary, type ReplayStatus, replayStatus } from './status.ts'
import { type StoredReplay, storedHash } from './stored-replay.ts'

export interface ReplayServiceOptions {
  store: ObjectStore
  eventLog: EventLog
  clock: Clock
  log: Log
  limits?: EmitLimits
}

/** What a replay would do: JSON-ready. */
export interface ReplayPreview {
  source: Members
  target: Members
  plan: PlanSummary
  /** A guess from the rate of two cores that the broker shares; not a promise. */
  estimatedSeconds: number
  targetPartitions: number
  /** Whether `create` would start it. */
  accepted: boolean
  findings: Finding[]
}

const usualRowsPerSecond = 200_000

/** Creates replays, runs them in this process, and tells how far they are. All that lasts is in the store and the broker. */
export class ReplayService {
  readonly #deps: ReplayDeps
  readonly #active = new Map<string, ActiveReplay>()
  /** How the last start of each replay in this process ends, or ended. */
  readonly #outcomes = new Map<string, Promise<void>>()

  constructor({ store, eventLog, clock, log, limits = defaultEmitLimits }: ReplayServiceOptions) {
    this.#deps = { store, eventLog, clock, log, limits, records: new ReplayRecords(store, clock) }
  }

  /**
   * What a request (as parseReplayRequest reads it) would do; changes nothing. Throws InvalidInputError
   * `replay-request-invalid`, NotFoundError `topic-not-archived`, ConflictError `replay-id-used`.
   */
  async dryRun(json: unknown): Promise<ReplayPreview> {
    const request = parseReplayRequest(json)
    const continued = (await this.#existing(request)) !== null
    const { plan, findings, targetPartitions } = await this.#prepare(request, continued)
    const summary = planSummary({ plan })
    return {
      source: selectionToJson(request.source),
      target: targetToJson(request.target),
      plan: summary,
      estimatedSeconds: Math.ceil(summary.rows / usualRowsPerSecond),
      targetPartitions,
      accepted: refusal(findings) === null,
      findings,
    }
  }

  /**
   * Creates a replay and starts it in this process; `finished` waits for its end. A replay of this id with the same
   * source and target is continued instead after its last committed transaction, whatever stopped it; a completed one
   * stays as it is. Throws what `dryRun` throws, and ConflictError `replay-refused` with all findings.
   */
  async create(json: unknown): Promise<ReplayStatus> {
    const request = parseReplayRequest(json)
    const existing = await this.#existing(request)
    if (existing !== null) return this.#start(existing)
    const { plan, findings, targetPartitions } = await this.#prepare(request, false)
    const refused = refusal(findings)
    if (refused !== null) throw refused
    const { source, target } = request
    const replay: StoredReplay = {
      id: request.id ?? `${readablePart(source.topic)}${randomUUID().slice(0, 8)}`,
      run: randomUUID(),
      createdAt: new Date(this.#deps.clock.nowMs()).toISOString(),
      ...{ source, target, targetPartitions, plan },
      warnings: findings,
    }
    const kept = await this.#deps.records.create(replay)
    if (storedHash(kept) !== storedHash(replay)) throw idUsed(kept)
    return this.#start(kept)
  }

  /** Throws NotFoundError `replay-not-found`. */
  async get(id: string): Promise<ReplayStatus> {
    return this.#active.get(id)?.status() ?? this.#statusOf(await this.#deps.records.load(id))
  }

  /** All replays, the latest first. */
  async list(): Promise<ReplayStatus[]> {
    const replays: ReplayStatus[] = []
    for (const id of await this.#deps.records.list()) replays.push(await this.get(id))
    return replays.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
  }

  /**
   * Stops a replay for good: what is not committed is dropped, what is committed stays. Works also when another process
   * runs it or none. Throws NotFoundError `replay-not-found`, ConflictError `replay-ended`.
   */
  async cancel(id: string): Promise<ReplayStatus> {
    const active = this.#active.get(id)
    if (active !== undefined) {
      await active.cancel()
      await Promise.allSettled([active.done])
    } else await cancelElsewhere(this.#deps, await this.#deps.records.load(id))
    return this.get(id)
  }

  /** Goes on with every replay that a process left unfinished; returns their ids. Called when a service starts. */
  async resumeUnfinished(): Promise<string[]> {
    const { records, log } = this.#deps
    const resumed: string[] = []
    for (const id of await records.list()) {
      const replay = await records.load(id)
      const { state } = await records.state(replay)
      if (!isUnfinished(state)) continue
      log.info('replay is continued', { replay: id, state })
      if (state === 'cancelling') await cancelElsewhere(this.#deps, replay)
      else await this.#start(replay)
      resumed.push(id)
    }
    return resumed
  }

  /** Calls the listener after each commit and change of state of a replay at work here; returns how to stop that. */
  subscribe(id: string, listener: (status: ReplayStatus) => void): () => void {
    return this.#active.get(id)?.subscribe(listener) ?? (() => undefined)
  }

  /**
   * The status at the end of a replay's work in this process. Throws why it did not complete: the error that made it
   * fail, AbortedError `replay-cancelled` or `replay-stopped`, FencedError when another instance took it over.
   */
  async finished(id: string): Promise<ReplayStatus> {
    await this.#outcomes.get(id)
    return this.get(id)
  }

  /** Interrupts what runs, to be continued by a later start, and waits until it stands still. */
  async close(): Promise<void> {
    const active = [...this.#active.values()]
    for (const replay of active) replay.interrupt()
    await Promise.allSettled(active.map(({ done }) => done))
  }

  #prepare(request: ReplayRequest, continued: boolean): ReturnType<typeof prepareReplay> {
    return prepareReplay(this.#deps.store, this.#deps.eventLog, request, continued)
  }

  /** The replay of the request's id, or null; never one of another selection. */
  async #existing({ id, source, target }: ReplayRequest): Promise<StoredReplay | null> {
    const replay = id === null ? null : await this.#deps.records.find(id)
    if (replay !== null && storedHash(replay) !== requestHash(source, target)) throw idUsed(replay)
    return replay
  }

  async #start(replay: StoredReplay): Promise<ReplayStatus> {
    const entry = await this.#deps.records.state(replay)
    const running = this.#active.get(replay.id)
    if (running !== undefined) return running.status()
    if (entry.state === 'completed') return this.#statusOf(replay)
    const active = new ActiveReplay(this.#deps, replay, entry)
    this.#active.set(replay.id, active)
    this.#outcomes.set(replay.id, active.done)
    // How it ended is in the state log, and in the outcome for those who wait.
    const forget = (): boolean => this.#active.delete(replay.id)
    active.done.then(forget, forget)
    return active.status()
  }

  async #statusOf(replay: StoredReplay): Promise<ReplayStatus> {
    const entry = await this.#deps.records.state(replay)
    return replayStatus(replay, entry, entry.written, null)
  }
}

/** The topic's name as far as an id takes it, so that generated ids say what they are. */
function readablePart(topic: string): string {
  const words = topic.toLowerCase().match(/[a-z0-9]+/g) ?? []
  const text = words.join('-').slice(0, 40).replace(/-$/, '')
  return text === '' ? '' : `${text}-`
}

function idUsed(replay: StoredReplay): ConflictError {
  const { id } = replay
  const given = JSON.stringify({ source: selectionToJson(replay.source), target: targetToJson(replay.target) })
  return new ConflictError('replay-id-used', `the id ${id} is that of another replay: ${given.slice(0, 500)}`, {
    remedy: 'Choose another id, or repeat the source and target of that replay to continue it.',
    details: { id },
  })
}
