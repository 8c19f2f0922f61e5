import { AbortedError, ColdstreamError } from '../../errors.ts'
import type { StateError } from './state.ts'

/** This instance let go of it. */
export function stopped(id: string): AbortedError {
  return new AbortedError('replay-stopped', `replay ${id} was stopped before its end`, {
    remedy: 'Start it again with the same id and selection: it continues after the last committed transaction.',
    details: { id },
  })
}

/** Someone wanted it. */
export function cancelled(id: string): AbortedError {
  return new AbortedError('replay-cancelled', `replay ${id} was cancelled`, {
    remedy: 'Start it again with the same id and selection to go on after what is committed.',
    details: { id },
  })
}

/** It came to its end elsewhere. */
export function ended(id: string): AbortedError {
  return new AbortedError('replay-ended', `replay ${id} has ended`, { remedy: 'See its state.', details: { id } })
}

/** As the state log keeps it. */
export function stateError(error: unknown): StateError {
  if (error instanceof ColdstreamError) return { code: error.code, message: error.message, remedy: error.remedy }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'internal', message, remedy: 'Report this as a bug of Coldstream, with the log.' }
}
