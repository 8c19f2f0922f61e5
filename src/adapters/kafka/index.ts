export { KafkaEventLog } from './event-log.ts'
export type { KafkaOptions, SaslOptions } from './options.ts'
