import { ColdstreamError } from '../errors.ts'

/** An error as Connect's `trace` shows it: what happened and what to do; the stack only of what is a bug. */
export function traceOf(error: unknown): string {
  if (error instanceof ColdstreamError) return `${error.code}: ${error.message}\nwhat to do: ${error.remedy}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
