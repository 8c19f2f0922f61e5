import type { ReplayDeps } from '../deps.ts'
import type { StoredReplay } from './stored-replay.ts'

/**
 * Lets the broker forget what the shares of a completed replay committed: it is in their own logs by now. What cannot be
 * deleted stays, which is untidy and no more.
 */
export async function forgetProgress({ eventLog, log }: ReplayDeps, { id, plan }: StoredReplay): Promise<void> {
  for (const { share } of plan.shares) {
    const [forgotten] = await Promise.allSettled([eventLog.forgetProgress({ replay: id, task: share })])
    if (forgotten.status === 'rejected') {
      log.warn('the progress of a replay stays at the broker', { replay: id, reason: String(forgotten.reason) })
    }
  }
}
