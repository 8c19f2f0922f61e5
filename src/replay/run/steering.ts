import { ConflictError } from '../../errors.ts'
import type { Rate } from '../request/rate.ts'
import type { ReplayRecords, StateDraft } from './replay-records.ts'
import { isFinal, type StateEntry } from './state.ts'
import type { StoredReplay } from './stored-replay.ts'

/** What someone wants of a replay. */
export type Wish =
  | { to: 'pause' }
  /** Goes on after whatever stopped it, putting up with these findings too. */
  | { to: 'resume'; accept: readonly string[] }
  | { to: 'cancel' }
  | { to: 'change-rate'; rate: Rate | null }

/**
 * Writes the wish into the replay's state log, where whoever runs it sees it; returns the entry that holds it, an older one
 * when it was fulfilled already. Throws ConflictError `replay-ended`.
 */
export async function steer(records: ReplayRecords, replay: StoredReplay, wish: Wish): Promise<StateEntry> {
  for (;;) {
    const last = await records.state(replay)
    const draft = draftFor(replay.id, last, wish)
    if (draft === null) return last
    const entry = await records.append(replay.id, last, draft)
    if (entry === null) continue
    // instances have let go of one that had ended
    if (isFinal(last.state)) await records.announce(replay.id, 'resumed')
    return entry
  }
}

/** The next entry of the log; null when there is nothing to write. */
function draftFor(id: string, last: StateEntry, wish: Wish): StateDraft | null {
  const { state } = last
  switch (wish.to) {
    case 'pause':
      if (isFinal(state) || state === 'cancelling') throw ended(id, state, 'paused')
      return state === 'pausing' || state === 'paused' ? null : { state: 'pausing' }
    case 'cancel':
      if (isFinal(state)) throw ended(id, state, 'cancelled')
      return state === 'cancelling' ? null : { state: 'cancelling' }
    case 'change-rate':
      if (isFinal(state) || state === 'cancelling') throw ended(id, state, 'given another rate')
      // the next record of each share is due at once: where each of them is, nobody knows
      return { state, rate: wish.rate, anchor: null }
    case 'resume': {
      if (state === 'completed' || state === 'cancelling') throw ended(id, state, 'resumed')
      const accept = [...new Set([...last.accept, ...wish.accept])]
      const stands = state === 'paused' || state === 'pausing' || isFinal(state)
      if (!stands) return accept.length > last.accept.length ? { state, accept } : null
      const checked = last.targets !== null && !isFinal(state)
      return { state: checked ? 'running' : 'planning', accept, anchor: null }
    }
  }
}

function ended(id: string, state: string, what: string): ConflictError {
  return new ConflictError('replay-ended', `replay ${id} is ${state} and cannot be ${what}`, {
    remedy: 'Look at its state; a new replay can be created under another id.',
    details: { id, state },
  })
}
