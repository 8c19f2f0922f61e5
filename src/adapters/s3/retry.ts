import { setTimeout as wait } from 'node:timers/promises'
import { ColdstreamError } from '../../errors.ts'
import { regionMissing, s3Failure } from './errors.ts'

const firstDelayMs = 100
const longestDelayMs = 5_000

/**
 * Calls `request` until it succeeds, fails in a way that another try cannot mend, or was tried `maxAttempts` times;
 * between tries it waits a random time that doubles (full jitter), so that rivals do not meet again.
 */
export async function retrying<T>(maxAttempts: number, request: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request()
    } catch (error) {
      if (attempt >= maxAttempts || !isTransient(error)) throw error
    }
    await wait(Math.random() * Math.min(longestDelayMs, firstDelayMs * 2 ** attempt))
  }
}

/** 409 is S3's answer to conditional writes that collide, to be tried again; a clock skew is corrected by the SDK. */
function isTransient(error: unknown): boolean {
  if (error instanceof ColdstreamError || error instanceof RangeError || error instanceof TypeError) return false
  const { name, status } = s3Failure(error)
  if (status === null) return name !== 'CredentialsProviderError' && name !== regionMissing
  if (status === 501) return false
  return status === 408 || status === 409 || status === 429 || status >= 500 || name === 'RequestTimeTooSkewed'
}
