import { ConflictError } from '../errors.ts'
import type { ReplayDeps } from './active-replay.ts'
import { newWriter } from './replay-records.ts'
import { closeWriter, progressOf } from './run.ts'
import { isUnfinished, type WrittenRecords, writtenRecords } from './state.ts'
import type { StoredReplay } from './stored-replay.ts'

/**
 * Cancels a replay that is not at work in this process. Nobody needs to be asked: opening its writer fences whoever runs
 * it, and says what was committed. Throws ConflictError `replay-ended`.
 */
export async function cancelElsewhere(deps: ReplayDeps, replay: StoredReplay): Promise<void> {
  const { records } = deps
  const writer = newWriter()
  for (;;) {
    const last = await records.state(replay)
    if (!isUnfinished(last.state)) throw ended(replay.id, last.state)
    const cancelling = await records.append(replay.id, writer, last, { state: 'cancelling' })
    if (cancelling === null) continue
    const written = cancelling.targetIncarnation === null ? last.written : await fence(deps, replay)
    if ((await records.append(replay.id, writer, cancelling, { state: 'cancelled', written })) !== null) return
  }
}

async function fence({ eventLog, log }: ReplayDeps, { id, run, target }: StoredReplay): Promise<WrittenRecords> {
  const writer = await eventLog.openWriter({ replay: id, task: 0, targets: [target.topic] })
  try {
    return writtenRecords(progressOf(writer, id, run))
  } finally {
    await closeWriter(writer, id, log)
  }
}

function ended(id: string, state: string): ConflictError {
  return new ConflictError('replay-ended', `replay ${id} is ${state} already`, {
    remedy: 'There is nothing left to cancel.',
    details: { id, state },
  })
}
