import type { ReplayDeps } from '../deps.ts'

/**
 * Lets the broker forget what the shares of a completed replay committed: it is in their own logs by now. What cannot be
 * deleted stays, which is untidy and no more.
 */
export async function forgetProgress({ eventLog, log }: ReplayDeps, replay: string): Promise<void> {
  const [forgotten] = await Promise.allSettled([eventLog.forgetProgress(replay)])
  if (forgotten.status === 'rejected') {
    log.warn('the progress of a replay stays at the broker', { replay, reason: String(forgotten.reason) })
  }
}
