import type { Clock } from '../ports/clock.ts'
import type { TopicIdentity } from '../ports/event-log.ts'
import type { ObjectStore } from '../ports/object-store.ts'

/** One topic among those that had the same name one after the other. */
export interface Incarnation {
  /** Numbered from 1. */
  incarnation: number
  /** The broker's own identity of it. */
  incarnationId: string
  /** When the archive first saw it, ISO 8601 UTC; for people. */
  at: string
}

/** The topic's number in the archive; the next free one when the archive never saw it. Safe to call from many writers at once. */
export async function resolveIncarnation(_store: ObjectStore, _topic: TopicIdentity, _clock: Clock): Promise<number> {
  throw new Error('not written yet')
}
