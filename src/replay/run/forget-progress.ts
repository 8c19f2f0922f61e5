import type { ReplayDeps } from '../deps.ts'
import type { StoredReplay } from './stored-replay.ts'

/**
 * Lets the broker forget what the shares of a completed replay committed: it is in their own logs by now. What cannot be
 * deleted stays, which is untidy and no more.
 */
export async function forgetProgress({ eventLog, log }: ReplayDeps, { id, plan }: StoredReplay): Promise<void> {
  const forgetting = plan.shares.map(({ share }) => eventLog.forgetProgress({ replay: id, task: share }))
  for (const forgotten of await Promise.allSettled(forgetting)) {
    if (forgotten.status === 'rejected') {
      log.warn('the progress of a replay stays at the broker', { replay: id, reason: String(forgotten.reason) })
    }
  }
}
