import { setTimeout as sleep } from 'node:timers/promises'
import { UnavailableError } from '../../errors.ts'

/** One attempt's outcome: a result, or the reason to try once more. */
export type Attempt<T> = { done: T } | { again: Error }

const firstPauseMs = 10
const longestPauseMs = 500

/**
 * Repeats `attempt` with growing pauses while it asks for that, and throws its last reason when `limitMs` have passed.
 * What it throws ends the repetition at once.
 */
export async function repeatUntilDone<T>(limitMs: number, attempt: () => Promise<Attempt<T>>): Promise<T> {
  const deadline = performance.now() + limitMs
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    const outcome = await attempt()
    if ('done' in outcome) return outcome.done
    if (performance.now() + pauseMs > deadline) throw outcome.again
    await sleep(pauseMs)
  }
}

/** Whether the broker may be back, or another in its place, when it is tried again. */
export function isPassing(error: unknown): error is UnavailableError {
  if (!(error instanceof UnavailableError)) return false
  return error.code === 'broker-connection-lost' || error.code === 'broker-unreachable'
}
