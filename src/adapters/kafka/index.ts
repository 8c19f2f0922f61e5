export { KafkaEventLog } from './event-log.ts'
export type { KafkaOptions } from './options.ts'
