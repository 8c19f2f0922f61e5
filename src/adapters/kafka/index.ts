export { KafkaEventLog } from './event-log.ts'
