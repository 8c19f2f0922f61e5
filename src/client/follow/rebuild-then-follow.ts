import type { Admin } from 'kafkajs'
import type { Handover } from '../../replay/handover/handover.ts'
import type { ReplayStatus } from '../../replay/status.ts'
import type { Coldstream } from '../coldstream.ts'
import { isProblem, RebuildError } from '../errors.ts'
import { consumption } from './consume.ts'
import { checkPositions, isFollowing, noteOf, untilEmpty } from './group.ts'
import type { Phase, RebuildThenFollowOptions } from './options.ts'
import { PartitionOffsets } from './partition-offsets.ts'
import { rebuild } from './rebuild.ts'
import { refuseEnded, refuseUnfit, sourceTopics, targetTopics } from './replay-facts.ts'

/**
 * Builds a model from a replay and then follows its source live, from exactly where the replay ended: no record is left
 * out and none comes twice (but see `apply` for crashes). Runs until the signal aborts, and tells in which phase that was.
 * After a restart it goes on where it was: in the phase of following the replay is not consumed again, and Coldstream is
 * not needed when the request names its topics. Throws RebuildError, ProblemError, UnreachableError, the errors of kafkajs and
 * those of `apply`.
 */
export async function rebuildThenFollow(options: RebuildThenFollowOptions): Promise<Phase> {
  const { client, kafka, groupId, replay, signal } = options
  const id = typeof replay === 'string' ? replay : replay.id
  const admin = kafka.admin()
  let phase: Phase = 'rebuild'
  const begin = (next: Phase): void => {
    phase = next
    options.onPhase?.(next)
  }
  try {
    signal.throwIfAborted()
    await admin.connect()
    const topics =
      (typeof replay === 'string' ? null : sourceTopics(replay.source)) ??
      sourceTopics((await client.replays.get(id, { signal })).source)!
    let handover: Handover | null = null
    if (!(await isFollowing(admin, groupId, topics, id))) {
      await untilEmpty(admin, groupId, signal)
      handover = await rebuilt(options, admin, begin)
    }
    await checkPositions(admin, groupId, topics)
    begin('follow')
    await follow(options, topics, id, handover)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await admin.disconnect()
  }
  return phase
}

/** Rebuilds the model and puts the group where live consumption goes on. */
async function rebuilt(
  options: RebuildThenFollowOptions,
  admin: Admin,
  begin: (phase: Phase) => void,
): Promise<Handover> {
  const { client, replay, groupId, signal } = options
  const started = await findOrCreate(client, replay, signal)
  const { id } = started
  refuseUnfit(started)
  // its target is there once it runs
  const running = await client.replays.reached(id, (state) => state === 'running', { signal })
  refuseEnded(running)
  begin('rebuild')
  const stop = new AbortController()
  const ends = targetEnds(client, id, AbortSignal.any([signal, stop.signal]))
  // who waits for it hears of it, unless the rebuild has failed before
  ends.catch(() => undefined)
  try {
    await rebuild(options, admin, targetTopics(running.target), ends)
  } finally {
    stop.abort()
  }
  await untilEmpty(admin, groupId, signal)
  return client.replays.commitHandover(id, groupId, { signal })
}

/** The replay; one that was paused stays so until somebody resumes it, any other one goes on. */
async function findOrCreate(
  client: Coldstream,
  replay: RebuildThenFollowOptions['replay'],
  signal: AbortSignal,
): Promise<ReplayStatus> {
  if (typeof replay === 'string') return client.replays.get(replay, { signal })
  try {
    const found = await client.replays.get(replay.id, { signal })
    if (found.state === 'paused' || found.state === 'pausing') return found
  } catch (error) {
    if (!isProblem(error, 'replay-not-found')) throw error
  }
  return client.replays.create(replay, { signal })
}

/** The targets' ends, once the replay completed and can be handed over. */
async function targetEnds(client: Coldstream, id: string, signal: AbortSignal): Promise<PartitionOffsets> {
  refuseEnded(await client.replays.finished(id, { signal }))
  const { targets, warnings } = await client.replays.handover(id, { signal })
  const hindrances = warnings.filter(({ severity, code }) => severity === 'error' || code === 'target-gone')
  if (hindrances.length > 0) {
    const [messages, remedies] = [hindrances.map(({ message }) => message), hindrances.map(({ remedy }) => remedy)]
    throw new RebuildError('handover-refused', messages.join('; '), remedies.join(' '))
  }
  const ends = new PartitionOffsets()
  for (const { topic, partitions } of targets) {
    for (const { partition, endOffset } of partitions) ends.set(topic, partition, BigInt(endOffset))
  }
  return ends
}

/** Applies what comes live, until the signal aborts. */
async function follow(
  options: RebuildThenFollowOptions,
  topics: readonly string[],
  id: string,
  handover: Handover | null,
): Promise<void> {
  const reading = consumption(options, 'follow', noteOf(id))
  const positions = new PartitionOffsets()
  for (const { topic, partitions } of handover?.sources ?? []) {
    for (const { partition, offset } of partitions) positions.set(topic, partition, BigInt(offset))
  }
  try {
    // the same offsets again, now with the note that says what they are
    await reading.run(topics, () => reading.commit(positions))
    await reading.end.promise
  } finally {
    await reading.close()
  }
}
