import type { Connector } from '../archive/connector/connector.ts'
import { Properties } from '../archive/connector/properties.ts'
import { readTopics, takesTopic } from '../archive/connector/topics.ts'
import { ConflictError } from '../errors.ts'

/** Which topics a connector takes, and into which archive. */
export interface Claim extends Pick<Connector, 'topics' | 'topicsRegex'> {
  /** Names the connector in messages: `connector orders (orders.json)`. */
  title: string
  name: string
  /** Equal for connectors that write to the same archive. */
  root: string
}

/** The claim of a configuration. What is wrong with it otherwise does not count here. */
export function claimOf(
  config: Readonly<Record<string, unknown>>,
  { isStoreConfigured, file = null }: { isStoreConfigured: boolean; file?: string | null },
): Claim {
  const properties = new Properties(config, {})
  const name = properties.text('name') ?? ''
  const bucket = isStoreConfigured ? null : properties.text('s3.bucket.name')
  return {
    name,
    title: `connector ${name}${file === null ? '' : ` (${file})`}`,
    root: bucket === null ? '' : `${properties.text('store.url') ?? ''}/${bucket}`,
    ...readTopics(properties),
  }
}

/**
 * Refuses a connector that takes a topic which another one takes into the same archive: nothing would be archived twice,
 * but each would do the other's work. Two patterns are tried on `known`, names of topics. Throws ConflictError
 * `connectors-overlap` naming both and the topic.
 */
export function refuseOverlap(newcomer: Claim, others: Iterable<Claim>, known: readonly string[]): void {
  for (const other of others) {
    if (other.name === newcomer.name || other.root !== newcomer.root) continue
    const shared = sharedTopic(newcomer, other, known)
    if (shared === null) continue
    throw new ConflictError(
      'connectors-overlap',
      `${newcomer.title} and ${other.title} would both archive ${shared} into the same archive`,
      { remedy: 'Give each topic to one connector: change topics or topics.regex of one of them, or delete one.' },
    )
  }
}

function sharedTopic(a: Claim, b: Claim, known: readonly string[]): string | null {
  const named = a.topics.find((topic) => takesTopic(b, topic)) ?? b.topics.find((topic) => takesTopic(a, topic))
  if (named !== undefined) return named
  if (a.topicsRegex === null || b.topicsRegex === null) return null
  if (a.topicsRegex.source === b.topicsRegex.source) return 'all topics of the same pattern'
  return known.find((topic) => takesTopic(a, topic) && takesTopic(b, topic)) ?? null
}
