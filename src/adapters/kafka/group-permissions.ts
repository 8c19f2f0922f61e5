import { describeGroupsV5 } from '@platformatic/kafka'
import { UnavailableError } from '../../errors.ts'
import { brokerRefusal, isRetriable, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'
import { type Attempt, isPassing, repeatUntilDone } from './retry.ts'

export interface GroupPermissions {
  group: string
  /** Whether this client may join it and commit offsets for it (READ on the group). */
  mayRead: boolean
}

const limitMs = 30_000

/** Bit of Kafka's AclOperation READ in the authorized operations of a group (KIP-430). */
const readBit = 3

/** Asks what this client may do with groups, whether or not they exist yet. Throws as KafkaCluster.coordinator. */
export function groupPermissions(cluster: KafkaCluster, groups: readonly string[]): Promise<GroupPermissions[]> {
  return Promise.all(groups.map(async (group) => ({ group, mayRead: await mayRead(cluster, group) })))
}

function mayRead(cluster: KafkaCluster, group: string): Promise<boolean> {
  return repeatUntilDone(limitMs, async (): Promise<Attempt<boolean>> => {
    try {
      const coordinator = await cluster.coordinator('group', group)
      const { groups } = await coordinator.call(describeGroupsV5.api, [group], true)
      const { errorCode, authorizedOperations } = groups[0]!
      if (errorCode === KafkaCode.none) return { done: (authorizedOperations & (1 << readBit)) !== 0 }
      const refusal = brokerRefusal(errorCode, 'to describe it', `group '${group}'`)
      if (!isRetriable(errorCode)) throw refusal
      return { again: refusal }
    } catch (error) {
      // who may read a group may also describe it, so that a refusal answers the question
      if (error instanceof UnavailableError && error.code === 'broker-permission-denied') return { done: false }
      if (isPassing(error)) return { again: error }
      throw error
    }
  })
}
