import { digest60, readTopic, recordText } from './read-topic.ts'
import { offsetsOf } from './topic-offsets.ts'

/** What an archive of a topic has to hold, by an independent reader of the topic. */
export interface Expected {
  /** Digest of every record by `<incarnation>|<partition>|<offset>`. A row must be one of these. */
  records: Map<string, string>
  /** Those of them that may be missing: the broker took them before they had to be archived. */
  optional: Set<string>
  /** First archived offset and end by `<incarnation>|<partition>`: in between each offset is a row or explained. */
  ranges: Map<string, { first: bigint; end: bigint }>
}

/** All that a read-committed kafkajs consumer sees of a topic now, as incarnation `incarnation` of its archive. */
export async function expectedOf(brokers: readonly string[], topic: string, incarnation = 1): Promise<Expected> {
  const records = new Map<string, string>()
  await readTopic(brokers, topic, (partition, message) => {
    const digest = digest60(`${partition}|${message.offset}|${recordText(message)}`)
    records.set(`${incarnation}|${partition}|${message.offset}`, String(digest))
  })
  const offsets = await offsetsOf(brokers, topic)
  const ranges = new Map(
    offsets
      .filter(({ first, end }) => first !== end)
      .map(({ partition, first, end }) => [`${incarnation}|${partition}`, { first, end }]),
  )
  return { records, optional: new Set(), ranges }
}

/** What stood in a topic at an earlier time and at a later one, of which the broker had deleted some from the front. */
export function overtaken(earlier: Expected, later: Expected): Expected {
  const optional = [...earlier.records.keys()].filter((key) => !later.records.has(key))
  const ranges = new Map(
    [...later.ranges].map(([key, { first, end }]) => [key, { first: earlierFirst(key, first), end }]),
  )
  function earlierFirst(key: string, first: bigint): bigint {
    const before = earlier.ranges.get(key)?.first
    return before === undefined || before > first ? first : before
  }
  return { records: new Map([...earlier.records, ...later.records]), optional: new Set(optional), ranges }
}

/** Two incarnations, or two topics' worth, of expectations in one. */
export function both(one: Expected, other: Expected): Expected {
  return {
    records: new Map([...one.records, ...other.records]),
    optional: new Set([...one.optional, ...other.optional]),
    ranges: new Map([...one.ranges, ...other.ranges]),
  }
}
