import type { ReplayStatus } from '../../replay/status.ts'
import { RebuildError } from '../errors.ts'

/** The topics of a replay's source; null when it names a saved selection instead. */
export function sourceTopics(source: object): readonly string[] | null {
  const { topic, topics } = source as { topic?: string; topics?: readonly string[] }
  return topics ?? (topic === undefined ? null : [topic])
}

/** The topics that a replay writes to, dead letters left out. */
export function targetTopics(target: object): readonly string[] {
  const { topic, topics = {} } = target as { topic?: string; topics?: Readonly<Record<string, string>> }
  return [...new Set([...(topic === undefined ? [] : [topic]), ...Object.values(topics)])]
}

/** Throws RebuildError `replay-unfit` for a replay that nothing can follow, before it is waited for. */
export function refuseUnfit({ id, source }: ReplayStatus): void {
  const { time, partitions } = source as { time?: { to?: unknown }; partitions?: unknown }
  const why =
    time?.to !== undefined
      ? 'has an end in time, which no offset of the source stands for'
      : partitions !== undefined
        ? 'leaves partitions of the source out, but a group gets all of them'
        : null
  if (why === null) return
  throw new RebuildError('replay-unfit', `replay ${id} ${why}`, 'Replay the source without time.to and partitions.')
}

/** Throws RebuildError `replay-ended` for a replay that failed or was cancelled. */
export function refuseEnded({ id, state, error }: ReplayStatus): void {
  if (state !== 'failed' && state !== 'cancelled') return
  const message = `replay ${id} ${state === 'failed' ? `failed: ${error?.message}` : 'was cancelled'}`
  throw new RebuildError(
    'replay-ended',
    message,
    error?.remedy ?? 'Ask for it again: it goes on after what is committed.',
  )
}
