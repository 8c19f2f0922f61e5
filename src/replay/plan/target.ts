import { ConflictError, NotFoundError } from '../../errors.ts'
import type { EventLog, TargetInfo, TargetOptions } from '../../ports/event-log.ts'
import { targetTopics } from '../request/request.ts'
import type { StoredReplay } from '../run/stored-replay.ts'
import { refusal } from './finding.ts'
import { checkTarget } from './preflight.ts'

/** A topic that may be written into now. */
export interface PreparedTarget {
  incarnationId: string
  partitions: number
  /** Largest record batch, in bytes, that it takes. */
  maxRecordBytes: number
}

/** A target is created to take records of this size: below what brokers accept in one request. */
const createdMaxRecordBytes = 64 * 1024 * 1024

/** How a target is created. */
export function targetOptions(partitions: number, config: Readonly<Record<string, string>>): TargetOptions {
  return { partitions, config, maxRecordBytes: createdMaxRecordBytes }
}

/**
 * Creates the targets and the topic of dead letters unless they are there, and checks that they are fit. `known` are their incarnations when this replay
 * found them empty earlier: they may hold records now, but must be the same topics still, because what was committed into
 * others is not in these. Throws ConflictError `replay-refused` or `target-replaced`.
 */
export async function prepareTargets(
  eventLog: EventLog,
  replay: StoredReplay,
  known: Readonly<Record<string, string>> | null,
  accept: readonly string[],
): Promise<Map<string, PreparedTarget>> {
  const prepared = new Map<string, PreparedTarget>()
  for (const topic of targetTopics(replay.job.target)) {
    prepared.set(topic, await prepareTarget(eventLog, replay, topic, known?.[topic] ?? null, accept))
  }
  const deadLetters = replay.job.transform?.deadLetterTopic ?? null
  if (deadLetters !== null)
    prepared.set(deadLetters, await prepareDeadLetters(eventLog, replay, deadLetters, known?.[deadLetters] ?? null))
  return prepared
}

async function prepareTarget(
  eventLog: EventLog,
  { job, targetPartitions }: StoredReplay,
  topic: string,
  known: string | null,
  accept: readonly string[],
): Promise<PreparedTarget> {
  const found = await findOrCreate(eventLog, topic, targetOptions(targetPartitions, job.target.config), known)
  const { info } = found
  const continued = known !== null
  const refused = refusal(checkTarget({ target: topic, info, partitions: targetPartitions, continued }), accept)
  if (refused !== null) throw refused
  return preparedOf(found)
}

/** Whatever it holds already, of this replay or others, more can be added; but what this one added must not be gone. */
async function prepareDeadLetters(
  eventLog: EventLog,
  { plan }: StoredReplay,
  topic: string,
  known: string | null,
): Promise<PreparedTarget> {
  return preparedOf(await findOrCreate(eventLog, topic, targetOptions(plan.shares.length, {}), known))
}

interface FoundTopic {
  incarnationId: string
  info: TargetInfo
}

/** The topic as it is; created unless it is there, or was there before. */
async function findOrCreate(
  eventLog: EventLog,
  topic: string,
  options: TargetOptions,
  known: string | null,
): Promise<FoundTopic> {
  let info = await eventLog.inspectTarget(topic)
  if (info === null && known === null) info = await createdTarget(eventLog, topic, options)
  const incarnationId = await identify(eventLog, topic, known)
  if (info === null) throw vanished(topic)
  return { incarnationId, info }
}

function preparedOf({ incarnationId, info: { partitions, maxRecordBytes } }: FoundTopic): PreparedTarget {
  return { incarnationId, partitions, maxRecordBytes }
}

/** As it is then: another instance that plans the same replay may have been quicker. */
async function createdTarget(eventLog: EventLog, topic: string, options: TargetOptions): Promise<TargetInfo | null> {
  const [created] = await Promise.allSettled([eventLog.createTarget(topic, options)])
  if (created.status === 'rejected') {
    const exists = created.reason instanceof ConflictError && created.reason.code === 'target-exists'
    if (!exists) throw created.reason
  }
  return eventLog.inspectTarget(topic)
}

async function identify(eventLog: EventLog, topic: string, known: string | null): Promise<string> {
  const [found] = await eventLog.describe([topic])
  if (known !== null && found?.incarnationId !== known) {
    throw new ConflictError('target-replaced', `topic ${topic} was deleted since the replay began to write into it`, {
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
