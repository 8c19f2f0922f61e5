import { type API, offsetCommitV8, type offsetCommitV9 } from '@platformatic/kafka'
import { type ColdstreamError, ConflictError, InvalidInputError } from '../../errors.ts'
import type { AcknowledgedPosition } from '../../ports/event-log.ts'
import { brokerRefusal, isRetriable, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { type Attempt, isPassing, repeatUntilDone } from './retry.ts'

const limitMs = 30_000

/** In whose name offsets are committed. */
export interface OffsetCommitter {
  readonly api: API<offsetCommitV9.OffsetCommitRequest, offsetCommitV9.OffsetCommitResponse>
  /** Member id and generation (KIP-848: member epoch), asked for at every attempt as they change. */
  identity(): { memberId: string; generation: number }
  /** What a code means that only concerns who commits: `again` with the identity of then, or the error to throw. */
  judge(code: number): 'again' | ColdstreamError | undefined
}

/**
 * Commits offsets for a group, so that lag tools see how far the archive is: as a consumer without membership (generation
 * -1) unless told in whose name. Throws ConflictError `group-in-use` when a group has members and the committer is none,
 * InvalidInputError `acknowledge-note-too-long`.
 */
export async function commitGroupOffsets(
  cluster: KafkaCluster,
  group: string,
  positions: readonly AcknowledgedPosition[],
  committer: OffsetCommitter = outsider(group),
): Promise<void> {
  if (positions.length === 0) return
  const topics = byTopic(positions)
  await repeatUntilDone(limitMs, async (): Promise<Attempt<void>> => {
    let codes: number[]
    try {
      const coordinator = await cluster.coordinator('group', group)
      const { memberId, generation } = committer.identity()
      const response = await coordinator.call(committer.api, group, generation, memberId, null, topics)
      codes = response.topics.flatMap((topic) => topic.partitions.map((partition) => partition.errorCode))
    } catch (error) {
      // A coordinator that goes down hands the group over; to commit the same offsets twice does no harm.
      if (isPassing(error)) return { again: error }
      throw error
    }
    const bad = codes.filter((code) => code !== KafkaCode.none)
    const judged = bad.map((code) => committer.judge(code) ?? (isRetriable(code) ? 'again' : refusal(code, group)))
    const fatal = judged.find((judgement) => judgement !== 'again')
    if (fatal !== undefined) throw fatal
    return bad[0] === undefined ? { done: undefined } : { again: brokerRefusal(bad[0], 'offsets', `group '${group}'`) }
  })
}

/** Commits without being a member, which a group takes only while it has none. */
export function outsider(group: string): OffsetCommitter {
  return {
    api: offsetCommitV8.api,
    identity: () => ({ memberId: '', generation: -1 }),
    judge(code) {
      if (code !== KafkaCode.unknownMemberId && code !== KafkaCode.illegalGeneration) return undefined
      return groupInUse(group, 'has members of its own')
    },
  }
}

function byTopic(positions: readonly AcknowledgedPosition[]): offsetCommitV9.OffsetCommitRequestTopic[] {
  const grouped = Map.groupBy(positions, (position) => position.topic)
  return [...grouped].map(([name, some]) => ({
    name,
    partitions: some.map(({ partition, next, note }) => ({
      partitionIndex: partition,
      committedOffset: next,
      committedLeaderEpoch: -1,
      committedMetadata: note ?? null,
    })),
  }))
}

/** Others use the group's name; `how` completes "Consumer group 'x' …". */
export function groupInUse(group: string, how: string): ConflictError {
  return new ConflictError('group-in-use', `Consumer group '${group}' ${how}`, {
    remedy: 'Give the archive a group name that no consumer uses.',
    details: { group },
  })
}

function refusal(code: number, group: string): ColdstreamError {
  if (code === KafkaCode.offsetMetadataTooLarge) {
    return new InvalidInputError('acknowledge-note-too-long', `The note is too long for group '${group}'`, {
      remedy: "Shorten it below the broker's offset.metadata.max.bytes (4096 by default).",
    })
  }
  return brokerRefusal(code, 'offsets', `group '${group}'`)
}
