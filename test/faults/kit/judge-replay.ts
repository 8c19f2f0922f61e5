import { createHash, type Hash } from 'node:crypto'
import type { KafkaMessage } from 'kafkajs'
import { readTopic, recordText } from './read-topic.ts'
import type { Verdict } from './scenario.ts'

/** The records of a topic's partition, in order: what identifies each, and a digest of all that they are. */
export interface PartitionSequence {
  /** The `seq` of each order event, unique in the topic. */
  ids: number[]
  /** MD5 over timestamp, key, value and headers of all records in their order. */
  digest: string
}

/** How a partition of the target differs from the one of the source. */
export interface SequenceDifference {
  partition: number
  records: number
  emitted: number
  lost: number
  twice: number
  'out of order': number
  'content as in source': boolean
}

/** Every partition of a topic of order events as a read-committed kafkajs consumer sees it; of these records alone. */
export async function sequencesOf(
  brokers: readonly string[],
  topic: string,
  isMeant: (partition: number, offset: string) => boolean = () => true,
): Promise<Map<number, PartitionSequence>> {
  const sequences = new Sequences()
  await readTopic(brokers, topic, (partition, message) => {
    if (isMeant(partition, message.offset)) sequences.add(partition, message)
  })
  return sequences.finished()
}

/** What of a record of order events is compared. */
export type JudgedMessage = Pick<KafkaMessage, 'timestamp' | 'key' | 'value' | 'headers'>

/** Gathers records, each partition's in its order. */
export class Sequences {
  readonly #open = new Map<number, { ids: number[]; hash: Hash }>()

  add(partition: number, message: JudgedMessage): void {
    let sequence = this.#open.get(partition)
    if (sequence === undefined) {
      sequence = { ids: [], hash: createHash('md5') }
      this.#open.set(partition, sequence)
    }
    sequence.ids.push(Number(/"seq":(\d+),/.exec(String(message.value))?.[1]))
    sequence.hash.update(`${recordText(message)}\n`)
  }

  /** Of those partitions that have any. */
  finished(): Map<number, PartitionSequence> {
    return new Map(
      [...this.#open].map(([partition, { ids, hash }]) => [partition, { ids, digest: hash.digest('hex') }]),
    )
  }
}

/** Compares a replayed partition with its source. */
export function difference(
  partition: number,
  source: PartitionSequence,
  target: PartitionSequence | undefined,
): SequenceDifference {
  const places = new Map(source.ids.map((id, place) => [id, place]))
  const emitted = target?.ids ?? []
  const seen = new Set<number>()
  let latest = -1
  let disordered = 0
  for (const id of emitted) {
    seen.add(id)
    const place = places.get(id) ?? -1
    if (place <= latest) disordered += 1
    latest = Math.max(latest, place)
  }
  return {
    partition,
    records: source.ids.length,
    emitted: emitted.length,
    lost: source.ids.filter((id) => !seen.has(id)).length,
    twice: emitted.length - seen.size,
    'out of order': disordered,
    'content as in source': source.digest === target?.digest,
  }
}

/**
 * Compares a replayed topic with its source. What comes out of order, and a partition whose records are the right ones with
 * another content, count as unexplained.
 */
export function differences(
  source: ReadonlyMap<number, PartitionSequence>,
  target: ReadonlyMap<number, PartitionSequence>,
): Verdict {
  const verdict: Verdict = { lost: 0, twice: 0, unexplained: 0 }
  for (const partition of new Set([...source.keys(), ...target.keys()])) {
    const found = difference(partition, source.get(partition) ?? nothing, target.get(partition))
    const isRight = found.lost + found.twice + found['out of order'] === 0
    verdict.lost += found.lost
    verdict.twice += found.twice
    verdict.unexplained += found['out of order'] + (isRight && !found['content as in source'] ? 1 : 0)
  }
  return verdict
}

/** As `differences`, of a replay that stopped on its way: each partition may end early, and hold nothing else. */
export function differencesSoFar(
  source: ReadonlyMap<number, PartitionSequence>,
  target: ReadonlyMap<number, PartitionSequence>,
): Verdict {
  const begun = [...target].map(([partition, { ids, digest }]): [number, PartitionSequence] => {
    const wanted = source.get(partition) ?? nothing
    return [partition, { ids: wanted.ids.slice(0, ids.length), digest }]
  })
  return differences(new Map(begun), target)
}

const nothing: PartitionSequence = { ids: [], digest: createHash('md5').digest('hex') }
