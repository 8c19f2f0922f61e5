import { InvalidInputError } from '../../errors.ts'

/** Throws InvalidInputError `topic-name-invalid` for what Kafka takes for no topic name. */
export function checkTopicName(topic: string): void {
  if (/^[a-zA-Z0-9._-]{1,249}$/.test(topic) && topic !== '.' && topic !== '..') return
  throw new InvalidInputError('topic-name-invalid', `'${topic.slice(0, 260)}' is no valid Kafka topic name`, {
    remedy: 'Use 1 to 249 letters, digits, dots, underscores and hyphens (and not just `.` or `..`).',
  })
}
