import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runColdstream } from './coldstream.ts'
import { writeConnector } from './connector.ts'
import { type PartitionSequence, sequencesOf } from './judge-replay.ts'
import { filePlace } from './place.ts'
import { createTopic, writeOrders } from './topics.ts'

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
  const topic = await createTopic(brokers, 'replayed', { partitions })
  await writeOrders(brokers, topic, { to: records, partitions })
  const place = await filePlace()
  try {
    const connector = await writeConnector(folder, topic, flushSize)
    const settings = { ...place.settings, COLDSTREAM_KAFKA_BROKERS: brokers.join() }
    await runColdstream(['capture', connector, '--until-end'], folder, settings)
    const root = await place.localFolder('')
    const objects = new Map<string, Buffer>()
    for (const key of await place.keys('')) objects.set(key, await readFile(join(root, key)))
    return { topic, objects, sequences: await sequencesOf(brokers, topic) }
  } finally {
    await place.close()
  }
}
