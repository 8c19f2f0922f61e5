import { randomUUID } from 'node:crypto'
import { concurrently } from '../../catalog/concurrently.ts'
import { NumberedLog } from '../../catalog/numbered-log.ts'
import { NotFoundError } from '../../errors.ts'
import { JsonFields } from '../../format/json-fields.ts'
import { toJson } from '../../format/log-codec.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { isReplayId } from '../request/request.ts'
import { decodeShare, encodeShare, type ShareEntry } from './share-entry.ts'
import { decodeState, encodeState, isFinal, mayFollow, type StateEntry } from './state.ts'
import { decodeStoredReplay, encodeStoredReplay, type StoredReplay } from './stored-replay.ts'

/** What a new entry says beside what it takes over from the one before. */
export type StateDraft = Pick<StateEntry, 'state'> &
  Partial<Pick<StateEntry, 'targets' | 'rate' | 'anchor' | 'accept' | 'error'>>

/** That a replay was created, or is to go on after it had ended; instances read on from the last one they know. */
export interface Announcement {
  seq: number
  id: string
  what: 'created' | 'resumed'
}

/** The replays in the store: what each one is, the log of its states, and what became of its shares. */
export class ReplayRecords {
  readonly #store: ObjectStore
  readonly #clock: Clock

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Keeps the replay under its id; returns the one that is there, which may be another's. */
  async create(replay: StoredReplay, first: Pick<StateEntry, 'rate' | 'accept'>): Promise<StoredReplay> {
    const outcome = await this.#store.createIfAbsent(requestPath(replay.id), [encodeStoredReplay(replay)])
    const kept = outcome === 'created' ? replay : await this.load(replay.id)
    // Its first state makes it one that instances find; whoever meets a replay without one was quicker than its creator.
    if (kept.run === replay.run) await this.append(kept.id, initialState(kept), { state: 'pending', ...first })
    await this.announce(kept.id, kept.run === replay.run ? 'created' : 'resumed')
    return kept
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

  /** How many announcements there are, when at least `known` are there. */
  announcements(known: number): Promise<number> {
    return announcedLog(this.#store).count(known)
  }

  /** Announcements `[from, to)`, in their order. */
  async announced(from: number, to: number): Promise<Announcement[]> {
    const log = announcedLog(this.#store)
    const numbers = Array.from({ length: to - from }, (_, index) => from + index)
    return concurrently(numbers, 16, async (seq) => {
      const fields = JsonFields.parse('replay-damaged', log.path(seq), await log.read(seq))
      return { seq, id: fields.text('id'), what: fields.oneOf('what', ['created', 'resumed']) }
    })
  }

  /** Tells all instances that there is something to do. */
  async announce(id: string, what: Announcement['what']): Promise<void> {
    const log = announcedLog(this.#store)
    const bytes = toJson({ version: 1, id, what, writer: randomUUID() })
    for (let seq = await log.count(); (await log.append(seq, bytes)) === 'lost'; ) seq += 1
  }

  /** The last entry of the state log; a replay that has none is pending, because the one that created it died then. */
  async state(replay: StoredReplay): Promise<StateEntry> {
    const log = stateLog(this.#store, replay.id)
    const count = await log.count()
    return count > 0 ? decodeState(log.path(count - 1), await log.read(count - 1)) : initialState(replay)
  }

  /** Whether the replay is at its end, without reading what it is, which may be much. */
  async isEnded(id: string): Promise<boolean> {
    const log = stateLog(this.#store, id)
    const count = await log.count()
    return count > 0 && isFinal(decodeState(log.path(count - 1), await log.read(count - 1)).state)
  }

  /** Entries that came after `last`: one small request when there are none. */
  async newerState(id: string, last: StateEntry): Promise<StateEntry> {
    const log = stateLog(this.#store, id)
    const count = await log.count(last.seq + 1)
    return count === last.seq + 1 ? last : decodeState(log.path(count - 1), await log.read(count - 1))
  }

  /** What a share's log says last; null when it says nothing yet. */
  async share(id: string, share: number): Promise<ShareEntry | null> {
    const log = shareLog(this.#store, id, share)
    const count = await log.count()
    return count === 0 ? null : decodeShare(log.path(count - 1), await log.read(count - 1))
  }

  /** Says what became of a share. */
  async appendShare(id: string, share: number, draft: Omit<ShareEntry, 'writer'>): Promise<void> {
    const log = shareLog(this.#store, id, share)
    const bytes = encodeShare({ ...draft, writer: randomUUID() })
    for (let seq = await log.count(); (await log.append(seq, bytes)) === 'lost'; ) seq += 1
  }

  /**
   * Appends a state after `last`, taking over what the draft leaves out (but not the error). Null when another entry came
   * between: read the state again and decide anew.
   */
  async append(id: string, last: StateEntry, draft: StateDraft): Promise<StateEntry | null> {
    if (!mayFollow(last.state, draft.state)) throw new RangeError(`${last.state} is not followed by ${draft.state}`)
    const entry: StateEntry = {
      seq: last.seq + 1,
      state: draft.state,
      at: new Date(this.#clock.nowMs()).toISOString(),
      writer: randomUUID(),
      targets: draft.targets ?? last.targets,
      rate: draft.rate === undefined ? last.rate : draft.rate,
      anchor: draft.anchor === undefined ? last.anchor : draft.anchor,
      accept: draft.accept ?? last.accept,
      error: draft.error ?? null,
    }
    const outcome = await stateLog(this.#store, id).append(entry.seq, encodeState(entry))
    return outcome === 'appended' ? entry : null
  }
}

/** What a replay is at before its log says anything. */
function initialState(replay: StoredReplay): StateEntry {
  const none = { targets: null, rate: null, anchor: null, error: null }
  return { seq: -1, state: 'pending', at: replay.createdAt, writer: '', accept: [], ...none }
}

function announcedLog(store: ObjectStore): NumberedLog {
  return new NumberedLog(store, 'replays/_announced/')
}

function requestPath(id: string): string {
  return `replays/${id}/request.json`
}

function stateLog(store: ObjectStore, id: string): NumberedLog {
  return new NumberedLog(store, `replays/${id}/state/`)
}

function shareLog(store: ObjectStore, id: string, share: number): NumberedLog {
  return new NumberedLog(store, `replays/${id}/shares/${share}/`)
}
