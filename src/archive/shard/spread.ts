/** How many partitions, and of which topics, a shard has. */
export interface ShardLoad {
  partitions: number
  ofTopic(topic: string): number
}

/**
 * Which shard takes one more partition of a topic: the one with the fewest of that topic, since a topic's partitions
 * tend to be busy together; among those the one with the fewest of all, the first of several.
 */
export function leastLoaded(loads: readonly ShardLoad[], topic: string): number {
  let best = 0
  for (let index = 1; index < loads.length; index++) {
    const mine = loads[index]!
    const least = loads[best]!
    const difference = mine.ofTopic(topic) - least.ofTopic(topic) || mine.partitions - least.partitions
    if (difference < 0) best = index
  }
  return best
}
