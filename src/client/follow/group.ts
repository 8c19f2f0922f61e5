import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin } from 'kafkajs'
import { RebuildError } from '../errors.ts'
import { PartitionOffsets } from './partition-offsets.ts'

/** A member that was killed stays until its session times out. */
const patienceMs = 60_000
const pollMs = 250

/**
 * Stands beside each offset that is committed live: what the group had committed before the replay says nothing of the model.
 */
export function noteOf(replay: string): string {
  return `coldstream-replay:${replay}`
}

/** Whether the group follows these topics from that replay on already. */
async function isFollowing(admin: Admin, groupId: string, topics: readonly string[], replay: string): Promise<boolean> {
  const answer = await admin.fetchOffsets({ groupId, topics: [...topics] })
  return answer.some(({ partitions }) => partitions.some(({ metadata }) => metadata === noteOf(replay)))
}

/** Offsets that are committed without the note. */
export async function offsetsToNote(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
  replay: string,
): Promise<PartitionOffsets> {
  const offsets = new PartitionOffsets()
  for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics: [...topics] })) {
    for (const { partition, offset, metadata } of partitions) {
      if (BigInt(offset) >= 0n && metadata !== noteOf(replay)) offsets.set(topic, partition, BigInt(offset))
    }
  }
  return offsets
}

/** What the group has committed of these topics. */
export async function committedOffsets(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
): Promise<PartitionOffsets> {
  const committed = new PartitionOffsets()
  for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics: [...topics] })) {
    for (const { partition, offset } of partitions) {
      if (BigInt(offset) >= 0n) committed.set(topic, partition, BigInt(offset))
    }
  }
  return committed
}

/**
 * Waits until the group has no members, or follows (another process has rebuilt the model): `free` or `following`. Throws
 * RebuildError `group-active` when there are members, and they do not come to it.
 */
export async function untilFreeOrFollowing(
  admin: Admin,
  groupId: string,
  topics: readonly string[],
  replay: string,
  signal: AbortSignal,
): Promise<'free' | 'following'> {
  for (const sinceMs = performance.now(); ; ) {
    if (await isFollowing(admin, groupId, topics, replay)) return 'following'
    const { groups } = await admin.describeGroups([groupId])
    const members = groups.flatMap((group) => group.members)
    if (members.length === 0) return 'free'
    if (performance.now() - sinceMs > patienceMs) {
      const clients = [...new Set(members.map(({ clientId, clientHost }) => `${clientId} on ${clientHost}`))].join(', ')
      throw new RebuildError(
        'group-active',
        `the group ${groupId} has members: ${clients}`,
        'Rebuild a model with one process; others may join once it follows.',
      )
    }
    await sleep(pollMs, undefined, { signal })
  }
}

/** Throws RebuildError `position-gone` when the broker has deleted what the group would read next. */
export async function checkPositions(admin: Admin, groupId: string, topics: readonly string[]): Promise<void> {
  const committed = await committedOffsets(admin, groupId, topics)
  for (const topic of topics) {
    for (const { partition, low } of await admin.fetchTopicOffsets(topic)) {
      const offset = committed.get(topic, partition)
      if (offset === undefined || offset >= BigInt(low)) continue
      throw new RebuildError(
        'position-gone',
        `the broker deleted offsets ${offset} to ${BigInt(low) - 1n} of partition ${partition} of ${topic} before the group ${groupId} read them`,
        'Rebuild the model by a new replay, into a new topic and for a new group.',
      )
    }
  }
}
