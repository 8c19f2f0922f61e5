import { type ColdstreamError, InvalidInputError, UnavailableError } from '../../errors.ts'
import type { ShareId, TargetCreation, TargetHazard } from '../../ports/event-log.ts'
import type { KafkaCluster } from './cluster.ts'
import { tryTopic } from './create-topic.ts'
import { ProgressLog } from './progress-log.ts'
import { targetConfig } from './target.ts'
import { TransactionCoordinator } from './transaction-coordinator.ts'
import { transactionalIdOf } from './writer.ts'

/**
 * What the broker would refuse a writer of the share, found by asking without doing: the creation of topics is only
 * validated, and the transactional id is described, which whoever may write by it may do too (KIP-664).
 */
export async function examineWriting(
  cluster: KafkaCluster,
  share: ShareId,
  creations: readonly TargetCreation[],
): Promise<TargetHazard[]> {
  const hazards: (TargetHazard | null)[] = []
  for (const { topic, options } of creations) {
    const attempt = async (): Promise<unknown> =>
      tryTopic(cluster, topic, options.partitions, targetConfig(topic, options))
    hazards.push(await refusalOf('target-creation-refused', attempt))
  }
  hazards.push(await refusalOf('progress-refused', () => ProgressLog.examine(cluster, share)))
  const coordinator = new TransactionCoordinator(cluster, undefined, transactionalIdOf(share))
  hazards.push(await refusalOf('transactional-id-refused', () => coordinator.state()))
  return hazards.filter((hazard) => hazard !== null)
}

/** Null when the broker takes it. A broker out of reach is an error of ours, not a hazard. */
async function refusalOf(code: string, attempt: () => Promise<unknown>): Promise<TargetHazard | null> {
  try {
    await attempt()
    return null
  } catch (error) {
    if (!isRefusal(error)) throw error
    return { severity: 'error', code, message: error.message, remedy: error.remedy }
  }
}

function isRefusal(error: unknown): error is ColdstreamError {
  if (error instanceof InvalidInputError) return true
  return error instanceof UnavailableError && error.code === 'broker-permission-denied'
}
