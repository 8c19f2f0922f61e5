import { ConflictError, NotFoundError } from '../errors.ts'
import type { EventLog } from '../ports/event-log.ts'
import { checkTarget, refusal } from './preflight.ts'
import type { StoredReplay } from './stored-replay.ts'

/** A target that may be written now. */
export interface PreparedTarget {
  incarnationId: string
  /** Largest record batch, in bytes, that it takes. */
  maxRecordBytes: number
}

/** A target is created to take records of this size: below what brokers accept in one request. */
const createdMaxRecordBytes = 64 * 1024 * 1024

/**
 * Creates the target unless it is there, and checks that it is fit. `knownIncarnation` is that of the target when an
 * earlier start of this replay found it empty: it may hold records now, but must be the same topic still, because what was
 * committed into another one is not in this. Throws ConflictError `replay-refused` or `target-replaced`.
 */
export async function prepareTarget(
  eventLog: EventLog,
  replay: StoredReplay,
  knownIncarnation: string | null,
): Promise<PreparedTarget> {
  const { topic, config } = replay.target
  let info = await eventLog.inspectTarget(topic)
  if (info === null && knownIncarnation === null) {
    const partitions = replay.targetPartitions
    await eventLog.createTarget(topic, { partitions, config, maxRecordBytes: createdMaxRecordBytes })
    info = await eventLog.inspectTarget(topic)
  }
  const incarnationId = await identify(eventLog, topic, knownIncarnation)
  if (info === null) throw vanished(topic)
  const continued = knownIncarnation !== null
  const refused = refusal(checkTarget({ target: topic, info, partitions: replay.targetPartitions, continued }))
  if (refused !== null) throw refused
  return { incarnationId, maxRecordBytes: info.maxRecordBytes }
}

async function identify(eventLog: EventLog, topic: string, knownIncarnation: string | null): Promise<string> {
  const [found] = await eventLog.describe([topic])
  if (knownIncarnation !== null && found?.incarnationId !== knownIncarnation) {
    throw new ConflictError('target-replaced', `the target ${topic} was deleted since the replay began`, {
      remedy: 'Start the replay under a new id into a new topic: what this one had emitted is gone.',
      details: { topic },
    })
  }
  if (found === undefined) throw vanished(topic)
  return found.incarnationId
}

function vanished(topic: string): NotFoundError {
  return new NotFoundError('topic-not-found', `the target ${topic} does not exist, although it was just created`, {
    remedy: 'See who deletes the topic, then start the replay again with the same id.',
    details: { topic },
  })
}
