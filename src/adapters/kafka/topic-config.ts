import { describeConfigsV4 } from '@platformatic/kafka'
import { brokerRefusal, KafkaCode } from './broker-error.ts'
import type { KafkaCluster } from './cluster.ts'

const topicResource = 2

/**
 * Settings that topics have in effect, by topic and name; names a broker does not know are left out, and so are topics
 * that do not exist. Throws UnavailableError `broker-permission-denied` without DescribeConfigs on a topic.
 */
export async function topicConfigs(
  cluster: KafkaCluster,
  topics: readonly string[],
  names: readonly string[],
): Promise<Map<string, Map<string, string>>> {
  const found = new Map<string, Map<string, string>>()
  if (topics.length === 0) return found
  const resources = topics.map((resourceName) => ({
    resourceType: topicResource as 2,
    resourceName,
    configurationKeys: [...names],
  }))
  const response = await cluster.onAnyBroker((broker) => broker.call(describeConfigsV4.api, resources, false, false))
  for (const { errorCode, errorMessage, resourceName, configs } of response.results) {
    if (errorCode === KafkaCode.unknownTopicOrPartition || errorCode === KafkaCode.invalidTopic) continue
    if (errorCode !== KafkaCode.none) {
      throw brokerRefusal(errorCode, 'to show the configuration', `topic '${resourceName}'`, errorMessage)
    }
    const settings = new Map<string, string>()
    for (const { name, value } of configs) if (typeof value === 'string') settings.set(name, value)
    found.set(resourceName, settings)
  }
  return found
}
