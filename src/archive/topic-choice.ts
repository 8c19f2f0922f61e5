import { NotFoundError } from '../errors.ts'
import type { EventLog, TopicInfo } from '../ports/event-log.ts'
import type { Connector } from './connector/connector.ts'
import { takesTopic } from './connector/topics.ts'

/** Names of the topics that a connector archives now: those it names, or those of the broker that its pattern chooses. */
export async function chosenTopics(connector: Connector, eventLog: EventLog): Promise<string[]> {
  const { topicsRegex, topics, errors } = connector
  if (topicsRegex === null) return topics
  const names = await eventLog.listTopics()
  // what could not be archived would else come round again
  return names.filter((name) => takesTopic(connector, name) && name !== errors.deadLetterTopic)
}

/** The connector's topics as the broker has them. Throws NotFoundError `topic-not-found` naming all that it lacks. */
export async function describeTopics(connector: Connector, eventLog: EventLog): Promise<TopicInfo[]> {
  const names = await chosenTopics(connector, eventLog)
  const found = await eventLog.describe(names)
  const missing = connector.topics.filter((topic) => !found.some((info) => info.topic === topic))
  if (missing.length === 0) return found
  throw new NotFoundError(
    'topic-not-found',
    `${eventLog.name} has no topic ${missing.join(', ')}, which connector ${connector.name} names`,
    {
      remedy:
        'Create the topic, or take it out of the connector. Topics are named exactly, also in upper and lower case.',
      details: { topics: missing },
    },
  )
}
