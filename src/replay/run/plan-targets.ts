import type { ReplayDeps } from '../deps.ts'
import { recordTimes } from '../plan/plan.ts'
import { type PreparedTarget, prepareTargets } from '../plan/target.ts'
import type { StateDraft } from './replay-records.ts'
import type { StateEntry } from './state.ts'
import type { StoredReplay } from './stored-replay.ts'

/** Checks and creates a replay's targets and what its writers need, and says what its next state is then. Throws what prepareTargets throws. */
export async function planTargets(
  { eventLog, clock }: ReplayDeps,
  replay: StoredReplay,
  planning: StateEntry,
): Promise<{ targets: Map<string, PreparedTarget>; draft: StateDraft }> {
  // what the broker makes takes time, so both are asked of it at once
  const { shares } = replay.plan
  const [targets] = await Promise.all([
    prepareTargets(eventLog, replay, planning.targets, planning.accept),
    shares.length === 0 ? undefined : eventLog.prepareWriting(replay.id, shares.length),
  ])
  const ids = Object.fromEntries([...targets].map(([topic, { incarnationId }]) => [topic, incarnationId]))
  const times = recordTimes(replay.plan)
  // at its first start all shares go by one clock; later each goes on from where it is
  const isFirst = planning.targets === null && times !== null
  const anchor = isFirst ? { wallMs: Math.round(clock.nowMs()), recordMs: times.firstMs } : null
  return { targets, draft: { state: 'running', targets: ids, anchor } }
}
