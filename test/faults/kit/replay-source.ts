import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { independentClient } from '../../adapters/kafka/judge.ts'
import { runColdstream } from './coldstream.ts'
import { writeConnector } from './connector.ts'
import { type PartitionSequence, sequencesOf } from './judge-replay.ts'
import { filePlace, type Place } from './place.ts'
import { createTopic, order, writeOrders } from './topics.ts'

/** An archived topic that many rounds replay, each from a copy of its own. */
export interface ReplaySource {
  topic: string
  /** The archive's objects by key. */
  objects: ReadonlyMap<string, Buffer>
  /** The topic as kafkajs reads it. */
  sequences: ReadonlyMap<number, PartitionSequence>
}

const partitions = 8
const records = 6_000
/** Two commits of each partition, each in the segments of two hours. */
const flushSize = 375

/** Writes a topic, captures it by the command line, and reads both back. */
export async function replaySource(brokers: readonly string[], folder: string): Promise<ReplaySource> {
  const [source] = await archived(brokers, folder, [partitions])
  return source!
}

/** Two topics in one archive, of as many records together as `replaySource` has; no `seq` is in both. */
export function replaySources(brokers: readonly string[], folder: string): Promise<ReplaySource[]> {
  return archived(brokers, folder, [partitions / 2, partitions / 2])
}

const liveTransaction = 1_000

/**
 * A topic that goes on behind its archive: 2,000 records in two transactions, with one between them that is aborted.
 * Every partition has 750 records in the archive and 250 behind it.
 */
export async function liveSource(brokers: readonly string[], folder: string): Promise<ReplaySource> {
  const source = await replaySource(brokers, folder)
  const producer = independentClient(brokers).producer({
    ...{ transactionalId: `live-${randomUUID()}`, idempotent: true, maxInFlightRequests: 1 },
  })
  await producer.connect()
  for (const [index, isCommitted] of [true, false, true].entries()) {
    const first = records + index * liveTransaction
    const messages = Array.from({ length: liveTransaction }, (_, i) => order(first + i, partitions))
    const transaction = await producer.transaction()
    await transaction.send({ topic: source.topic, messages })
    await (isCommitted ? transaction.commit() : transaction.abort())
  }
  await producer.disconnect()
  const sequences = await sequencesOf(brokers, source.topic)
  const read = [...sequences.values()].reduce((sum, { ids }) => sum + ids.length, 0)
  if (read !== records + 2 * liveTransaction) throw new Error(`kafkajs read ${read} records of a source`)
  return { ...source, sequences }
}

/** Writes a topic for each number of partitions and captures them into one archive. */
async function archived(
  brokers: readonly string[],
  folder: string,
  partitionsOf: readonly number[],
): Promise<ReplaySource[]> {
  const topics: string[] = []
  const share = records / partitionsOf.length
  for (const [index, partitions] of partitionsOf.entries()) {
    const topic = await createTopic(brokers, 'replayed', { partitions })
    await writeOrders(brokers, topic, { from: index * share, to: (index + 1) * share, partitions })
    topics.push(topic)
  }
  const place = await filePlace()
  try {
    const connector = await writeConnector(folder, topics.join(), flushSize, {}, `archive-${topics[0]}`)
    const settings = { ...place.settings, COLDSTREAM_KAFKA_BROKERS: brokers.join() }
    await runColdstream(['capture', connector, '--until-end'], folder, settings)
    const objects = await objectsOf(place)
    const read = async (topic: string) => ({ topic, objects, sequences: await sequencesOf(brokers, topic) })
    return await Promise.all(topics.map(read))
  } finally {
    await place.close()
  }
}

/** What an archive holds now, by key. */
export async function objectsOf(place: Place): Promise<Map<string, Buffer>> {
  const root = await place.localFolder('')
  const objects = new Map<string, Buffer>()
  for (const key of await place.keys('')) objects.set(key, await readFile(join(root, key)))
  return objects
}
