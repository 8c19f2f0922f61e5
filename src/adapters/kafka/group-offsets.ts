import { offsetCommitV8 } from '@platformatic/kafka'
import { ConflictError, InvalidInputError, UnavailableError } from '../../errors.ts'
import type { AcknowledgedPosition } from '../../ports/event-log.ts'
import { brokerRefusal, isRetriable, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { type Attempt, repeatUntilDone } from './retry.ts'

const limitMs = 30_000

/**
 * Commits offsets for a group as a consumer without membership (generation -1), so that lag tools see how far the
 * archive is. Throws ConflictError `group-in-use` when the group has members of its own.
 */
export async function commitGroupOffsets(
  cluster: KafkaCluster,
  group: string,
  positions: readonly AcknowledgedPosition[],
): Promise<void> {
  if (positions.length === 0) return
  const topics = byTopic(positions)
  await repeatUntilDone(limitMs, async (): Promise<Attempt<void>> => {
    let codes: number[]
    try {
      const coordinator = await cluster.coordinator('group', group)
      const response = await coordinator.call(offsetCommitV8.api, group, -1, '', null, topics)
      codes = response.topics.flatMap((topic) => topic.partitions.map((partition) => partition.errorCode))
    } catch (error) {
      // A coordinator that goes down hands the group over; to commit the same offsets twice does no harm.
      if (error instanceof UnavailableError && error.code === 'broker-connection-lost') return { again: error }
      throw error
    }
    const bad = codes.filter((code) => code !== KafkaCode.none)
    const fatal = bad.find((code) => !isRetriable(code))
    if (fatal !== undefined) throw refusal(fatal, group)
    return bad[0] === undefined ? { done: undefined } : { again: brokerRefusal(bad[0], 'offsets', `group '${group}'`) }
  })
}

function byTopic(positions: readonly AcknowledgedPosition[]): {
  name: string
  partitions: {
    partitionIndex: number
    committedOffset: bigint
    committedLeaderEpoch: number
    committedMetadata: string | null
  }[]
}[] {
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

function refusal(code: number, group: string): Error {
  if (code === KafkaCode.unknownMemberId || code === KafkaCode.illegalGeneration) {
    return new ConflictError('group-in-use', `Consumer group '${group}' has members of its own`, {
      remedy: 'Give the archive a group name that no consumer uses.',
      details: { group },
    })
  }
  if (code === KafkaCode.offsetMetadataTooLarge) {
    return new InvalidInputError('acknowledge-note-too-long', `The note is too long for group '${group}'`, {
      remedy: "Shorten it below the broker's offset.metadata.max.bytes (4096 by default).",
    })
  }
  return brokerRefusal(code, 'offsets', `group '${group}'`)
}
