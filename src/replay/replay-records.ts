import { randomUUID } from 'node:crypto'
import { NumberedLog } from '../catalog/numbered-log.ts'
import { FencedError, NotFoundError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { isReplayId } from './request.ts'
import { decodeState, encodeState, mayFollow, type StateEntry } from './state.ts'
import { decodeStoredReplay, encodeStoredReplay, type StoredReplay } from './stored-replay.ts'

/** What a new entry says beside what it takes over from the one before. */
export type StateDraft = Pick<StateEntry, 'state'> &
  Partial<Pick<StateEntry, 'targetIncarnation' | 'written' | 'error'>>

/** The replays in the store: what each one is, and the log of its states. */
export class ReplayRecords {
  readonly #store: ObjectStore
  readonly #clock: Clock

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Keeps the replay under its id; returns the one that is there, which may be another's. */
  async create(replay: StoredReplay): Promise<StoredReplay> {
    const outcome = await this.#store.createIfAbsent(requestPath(replay.id), [encodeStoredReplay(replay)])
    return outcome === 'created' ? replay : this.load(replay.id)
  }

  /** Throws NotFoundError `replay-not-found`. */
  async load(id: string): Promise<StoredReplay> {
    const replay = await this.find(id)
    if (replay !== null) return replay
    throw new NotFoundError('replay-not-found', `there is no replay ${JSON.stringify(id.slice(0, 64))}`, {
      remedy: 'List the replays to see their ids.',
    })
  }

  async find(id: string): Promise<StoredReplay | null> {
    if (!isReplayId(id)) return null
    const path = requestPath(id)
    try {
      return decodeStoredReplay(path, await this.#store.get(path))
    } catch (error) {
      if (error instanceof NotFoundError) return null
      throw error
    }
  }

  /** Ids of all replays, sorted. */
  async list(): Promise<string[]> {
    const ids: string[] = []
    for await (const { path } of this.#store.list('replays/')) {
      const id = /^replays\/([^/]+)\/request\.json$/.exec(path)?.[1]
      if (isReplayId(id)) ids.push(id)
    }
    return ids
  }

  /** The last entry of the state log; a replay that has none is pending, because the one that created it died then. */
  async state(replay: StoredReplay): Promise<StateEntry> {
    const log = stateLog(this.#store, replay.id)
    const count = await log.count()
    if (count > 0) return decodeState(log.path(count - 1), await log.read(count - 1))
    return {
      seq: -1,
      state: 'pending',
      at: replay.createdAt,
      writer: '',
      targetIncarnation: null,
      written: null,
      error: null,
    }
  }

  /**
   * Appends a state after `last`, taking over what the draft leaves out (but not the error). Null when another entry came
   * between: read the state again and decide anew.
   */
  async append(id: string, writer: string, last: StateEntry, draft: StateDraft): Promise<StateEntry | null> {
    if (!mayFollow(last.state, draft.state)) {
      throw new FencedError('replay-state-changed', `replay ${id} is ${last.state} and cannot become ${draft.state}`, {
        remedy: 'Look at the state of the replay; another instance changed it.',
      })
    }
    const entry: StateEntry = {
      seq: last.seq + 1,
      state: draft.state,
      at: new Date(this.#clock.nowMs()).toISOString(),
      writer,
      targetIncarnation: draft.targetIncarnation ?? last.targetIncarnation,
      written: draft.written ?? last.written,
      error: draft.error ?? null,
    }
    const outcome = await stateLog(this.#store, id).append(entry.seq, encodeState(entry))
    return outcome === 'appended' ? entry : null
  }
}

/** A name for a start of a replay, never used twice. */
export function newWriter(): string {
  return randomUUID()
}

function requestPath(id: string): string {
  return `replays/${id}/request.json`
}

function stateLog(store: ObjectStore, id: string): NumberedLog {
  return new NumberedLog(store, `replays/${id}/state/`)
}
