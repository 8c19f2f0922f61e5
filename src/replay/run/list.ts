import { targetTopics } from '../request/request.ts'
import type { ReplayRecords } from './replay-records.ts'
import type { ReplayState, StateEntry } from './state.ts'
import type { StoredReplay } from './stored-replay.ts'

/** Which replays to list; all conditions hold together. */
export interface ReplayFilter {
  state: ReplayState | null
  /** A source topic. */
  source: string | null
  /** A target topic. */
  target: string | null
  /** At most so many. */
  limit: number
  /** Goes on where a page ended: its `next`. */
  after: number | null
}

export interface ReplayPage {
  replays: { replay: StoredReplay; entry: StateEntry }[]
  /** For `after`; null when that was the last page. */
  next: number | null
}

/** So many announcements are looked through at once. */
const stride = 50

/** Replays, the latest first. */
export async function listReplays(records: ReplayRecords, filter: ReplayFilter): Promise<ReplayPage> {
  const page: ReplayPage = { replays: [], next: null }
  const count = await records.announcements(0)
  for (let end = Math.min(filter.after ?? count, count); end > 0; end -= stride) {
    const announced = await records.announced(Math.max(0, end - stride), end)
    for (const { seq, id, what } of announced.reverse()) {
      if (what !== 'created') continue
      const replay = await records.load(id)
      const entry = await records.state(replay)
      if (!matches(replay, entry, filter)) continue
      page.replays.push({ replay, entry })
      if (page.replays.length === filter.limit) return { ...page, next: seq > 0 ? seq : null }
    }
  }
  return page
}

function matches({ job }: StoredReplay, entry: StateEntry, { state, source, target }: ReplayFilter): boolean {
  if (state !== null && entry.state !== state) return false
  if (source !== null && !job.source.topics.includes(source)) return false
  return target === null || targetTopics(job.target).includes(target)
}
