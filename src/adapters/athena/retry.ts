import type { Clock } from '../../ports/clock.ts'
import { isTransient } from './request-errors.ts'

const FIRST_DELAY_MS = 200
const LONGEST_DELAY_MS = 20_000

/** Time and chance, from outside. */
export interface Pace {
  clock: Clock
  /** From 0 to below 1. */
  random(): number
}

/** Tries while somebody waits for the answer: a minute of patience, as Athena's quotas are small. */
const MAX_ATTEMPTS = 8

/** What bounds the tries; without a signal nobody waits for long. */
export type Patience = AbortSignal | { attempts: number }

/**
 * Calls `request` until it succeeds, fails in a way that another try cannot mend, or patience ends; between tries it
 * waits a random time that doubles, so that rivals do not meet again. Rejects with the signal's reason when it aborts.
 */
export async function retrying<T>(pace: Pace, patience: Patience, request: () => Promise<T>): Promise<T> {
  const signal = patience instanceof AbortSignal ? patience : undefined
  const attempts = patience instanceof AbortSignal ? MAX_ATTEMPTS : patience.attempts
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request()
    } catch (error) {
      if (attempt >= attempts || !isTransient(error)) throw error
    }
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt)
    await pace.clock.sleep(pace.random() * longest, signal)
  }
}
