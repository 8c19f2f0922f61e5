import type { Connector } from './connector.ts'
import { javaPattern, UnlikePattern } from './java-regex.ts'
import type { Properties } from './properties.ts'

/** Reads which topics a connector takes: by name, or by pattern, and one of the two. */
export function readTopics(properties: Properties): Pick<Connector, 'topics' | 'topicsRegex'> {
  const pattern = properties.text('topics.regex')
  const topics = (properties.text('topics') ?? '')
    .split(',')
    .map((topic) => topic.trim())
    .filter((topic) => topic !== '')
  if (pattern !== null && topics.length > 0) {
    for (const property of ['topics', 'topics.regex'])
      properties.problem(
        property,
        'topics and topics.regex are mutually exclusive options, but both are set; name the topics or give a pattern',
      )
  } else if (pattern === null && topics.length === 0) {
    properties.problem('topics', 'is missing; name the topics to archive, separated by commas, or give topics.regex')
  }
  const twice = topics.filter((topic, index) => topics.indexOf(topic) !== index)
  if (twice.length > 0) properties.problem('topics', `${[...new Set(twice)].join(', ')} named twice`)
  return { topics, topicsRegex: pattern === null ? null : readPattern(properties, pattern) }
}

function readPattern(properties: Properties, pattern: string): RegExp | null {
  try {
    return javaPattern(pattern)
  } catch (error) {
    if (!(error instanceof UnlikePattern)) throw error
    properties.problem('topics.regex', error.message)
    return null
  }
}

/** Whether a connector takes a topic of this name. */
export function takesTopic({ topics, topicsRegex }: Pick<Connector, 'topics' | 'topicsRegex'>, topic: string): boolean {
  return topics.includes(topic) || topicsRegex?.test(topic) === true
}
