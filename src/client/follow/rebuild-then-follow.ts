import type { Admin } from 'kafkajs'
import type { ReplayStatus } from '../../replay/status.ts'
import type { Coldstream } from '../coldstream.ts'
import { isProblem, RebuildError } from '../errors.ts'
import { consumption } from './consume.ts'
import { checkPositions, committedOffsets, noteOf, offsetsToNote, untilFreeOrFollowing } from './group.ts'
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
    if ((await untilFreeOrFollowing(admin, groupId, topics, id, signal)) === 'free') {
      await rebuildAndHandOver(options, admin, topics, begin)
    }
    await checkPositions(admin, groupId, topics)
    begin('follow')
    await follow(options, admin, topics, id)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    await admin.disconnect()
  }
  return phase
}

/** Rebuilds the model and puts the group where live consumption goes on. */
async function rebuildAndHandOver(
  options: RebuildThenFollowOptions,
  admin: Admin,
  topics: readonly string[],
  begin: (phase: Phase) => void,
): Promise<void> {
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
    const targets = targetTopics(running.target)
    // it may have been read to its end before: by an earlier start, or by another process that is about to follow
    const isRead = running.state === 'completed' && (await committedOffsets(admin, groupId, targets)).reach(await ends)
    if (!isRead) await rebuild(options, admin, targets, ends)
  } finally {
    stop.abort()
  }
  while ((await untilFreeOrFollowing(admin, groupId, topics, id, signal)) === 'free') {
    try {
      await client.replays.commitHandover(id, groupId, { signal })
      return
    } catch (error) {
      // a member came between: it goes, or it follows
      if (!isProblem(error, 'group-active')) throw error
    }
  }
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
  admin: Admin,
  topics: readonly string[],
  id: string,
): Promise<void> {
  const reading = consumption(options, 'follow', noteOf(id))
  let assigned: Readonly<Record<string, readonly number[]>> = {}
  reading.consumer.on(reading.consumer.events.GROUP_JOIN, ({ payload }) => {
    assigned = payload.memberAssignment
  })
  // the same offsets again, with the note that says what they are: only of partitions that no other member moves on, and
  // whenever partitions come, as the first time others may have had them
  const note = async (): Promise<void> => {
    const offsets = await offsetsToNote(admin, options.groupId, topics, id)
    const own = new PartitionOffsets()
    for (const { topic, partition, offset } of offsets) {
      if (assigned[topic]?.includes(partition)) own.set(topic, partition, offset)
    }
    try {
      await reading.commit(own)
    } catch (error) {
      // whoever gets the partitions now notes it
      if (!isRebalance(error)) throw error
    }
  }
  try {
    await reading.run(topics, note)
    await reading.end.promise
  } finally {
    await reading.close()
  }
}

/** The broker's answer to a member that was not told of a change in the group yet. */
function isRebalance(error: unknown): boolean {
  const { type } = Object(error) as { type?: unknown }
  return type === 'REBALANCE_IN_PROGRESS' || type === 'ILLEGAL_GENERATION' || type === 'UNKNOWN_MEMBER_ID'
}
