import { apiVersionsV3, consumerGroupHeartbeatV1 } from '@platformatic/kafka'
import type { KafkaCluster } from '../cluster.ts'

/** Whether KIP-848 is finalized for the cluster, in the version in which members name themselves. */
export async function offersConsumerGroups(cluster: KafkaCluster): Promise<boolean> {
  const offer = await cluster.onAnyBroker((broker) => broker.call(apiVersionsV3.api, 'coldstream', '1'))
  const level = offer.finalizedFeatures?.find(({ name }) => name === 'group.version')?.maxVersionLevel ?? 0
  const { key, version } = consumerGroupHeartbeatV1.api
  return level >= 1 && offer.apiKeys.some((api) => api.apiKey === key && api.maxVersion >= version)
}
