/** Time from outside, so that everything that waits or looks at the time can be tested with a clock of the test's own. */
export interface Clock {
  /** Milliseconds since the Unix epoch, UTC. May jump, also backwards. */
  nowMs(): number
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
