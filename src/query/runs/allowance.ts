import { LimitError } from '../../errors.ts'

/** What one API key may have. */
export interface Allowance {
  /** Queries that run or wait at a time, on one instance. */
  maxRunning: number
  /** Bytes that its queries may read between two midnights (UTC). */
  maxBytesPerDay: number
}

/** Throws LimitError `queries-of-key` or `bytes-of-key` when the key has used up its allowance. */
export function checkAllowance({ maxRunning, maxBytesPerDay }: Allowance, by: string, running: number, bytes: number) {
  if (running >= maxRunning) {
    throw new LimitError('queries-of-key', `${running} queries of ${by} run already; ${maxRunning} may.`, {
      remedy: 'Wait for one, or cancel it. `query.maxRunningPerKey` is the limit.',
    })
  }
  if (bytes >= maxBytesPerDay) {
    throw new LimitError('bytes-of-key', `Queries of ${by} have read ${bytes} bytes today; ${maxBytesPerDay} may be.`, {
      remedy: 'Go on after midnight UTC. `query.maxBytesPerKeyAndDay` is the limit.',
    })
  }
}
