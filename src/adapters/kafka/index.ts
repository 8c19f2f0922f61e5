export { KafkaEventLog } from './event-log.ts'
export type { BrokerHealth, ClusterHealth, TopicPermissions } from './health.ts'
export type { KafkaOptions, SaslOptions } from './options.ts'
