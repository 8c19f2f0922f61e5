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

/** A thread, as a capture that wants another shard finds it. */
export interface ThreadLoad {
  /** Whether it serves this capture already. */
  isOwn: boolean
  shards: number
}

/**
 * Which thread serves a capture's next shard: one that does not serve it yet, if there is such, and of those the one with
 * the fewest shards. Null: a new one, as long as there may be more (`most`) and none is free.
 */
export function chooseThread(loads: readonly ThreadLoad[], most: number): number | null {
  let best: number | null = null
  for (const [index, { isOwn, shards }] of loads.entries()) {
    const least = best === null ? null : loads[best]!
    const difference = least === null ? -1 : Number(isOwn) - Number(least.isOwn) || shards - least.shards
    if (difference < 0) best = index
  }
  if (loads.length >= most) return best
  const isFree = best !== null && !loads[best]!.isOwn && loads[best]!.shards === 0
  return isFree ? best : null
}
