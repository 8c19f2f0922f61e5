import { Writer } from '@platformatic/kafka'
import type { KafkaCluster } from '../../../src/adapters/kafka/cluster.ts'
import { KafkaReader, type KafkaReaderOptions } from '../../../src/adapters/kafka/reader.ts'
import type { EventReader, PartitionFetch, TopicIdentity } from '../../../src/ports/event-log.ts'
import { type ReadRecord, readAll } from '../../format/record-batch/samples.ts'

export interface ReadGap {
  reason: string
  firstOffset: bigint
  lastOffset: bigint
}

/** What a reader delivered of one partition, records copied. */
export interface Reading {
  records: ReadRecord[]
  gaps: ReadGap[]
  next: bigint
  fetches: PartitionFetch[]
}

const idleLimitMs = 20_000

/** This very topic, as the broker names it now. */
export async function identityOf(cluster: KafkaCluster, topic: string): Promise<TopicIdentity> {
  const [told] = await cluster.refresh([topic])
  if (told === undefined) throw new Error(`no topic ${topic}`)
  return { topic, incarnationId: told.incarnationId }
}

export interface ReadFrom {
  partition?: number
  from?: bigint
  epoch?: number
  options?: Partial<KafkaReaderOptions>
}

/** A reader of one partition. */
export function openReader(cluster: KafkaCluster, identity: TopicIdentity, read: ReadFrom = {}): KafkaReader {
  const { partition = 0, from = 0n, epoch = -1, options = {} } = read
  const defaults = { maxBytes: 4 * 1024 * 1024, maxWaitMs: 200 }
  return new KafkaReader(cluster, [{ ...identity, partition, offset: from, epoch }], { ...defaults, ...options })
}

/** Reads one partition up to offset `end` and closes. */
export async function readUntil(
  cluster: KafkaCluster,
  identity: TopicIdentity,
  end: bigint,
  read: ReadFrom = {},
): Promise<Reading> {
  const reader = openReader(cluster, identity, read)
  try {
    return await drain(reader, end, read.from ?? 0n)
  } finally {
    await reader.close()
  }
}

/** Takes deliveries of a reader of one partition until `end`; checks that they cover every offset once. */
export async function drain(reader: EventReader, end: bigint, from: bigint): Promise<Reading> {
  const reading: Reading = { records: [], gaps: [], next: from, fetches: [] }
  const signal = AbortSignal.timeout(idleLimitMs)
  while (reading.next < end) for (const fetch of await reader.next(signal)) take(reading, fetch)
  return reading
}

function take(reading: Reading, fetch: PartitionFetch): void {
  if (fetch.from !== reading.next) throw new Error(`a fetch from ${fetch.from} follows ${reading.next}`)
  let expected = fetch.from
  for (const run of fetch.runs) {
    if (run.kind === 'gap') {
      if (run.firstOffset !== expected) throw new Error(`a gap from ${run.firstOffset} follows ${expected}`)
      reading.gaps.push({ reason: run.reason, firstOffset: run.firstOffset, lastOffset: run.lastOffset })
      expected = run.lastOffset + 1n
      continue
    }
    for (const record of readAll(run.block)) {
      if (record.offset < expected) continue
      if (record.offset > expected) {
        reading.gaps.push({ reason: 'hole', firstOffset: expected, lastOffset: record.offset - 1n })
      }
      reading.records.push(record)
      expected = record.offset + 1n
    }
    if (expected <= run.block.lastOffset) {
      reading.gaps.push({ reason: 'hole', firstOffset: expected, lastOffset: run.block.lastOffset })
      expected = run.block.lastOffset + 1n
    }
  }
  if (expected !== fetch.next) throw new Error(`runs end at ${expected}, the fetch at ${fetch.next}`)
  reading.next = fetch.next
  reading.fetches.push(fetch)
}

/** Appends a batch outside of transactions (Produce v11); gives its base offset. */
export async function appendBatch(cluster: KafkaCluster, identity: TopicIdentity, batch: Buffer): Promise<bigint> {
  const leader = await cluster.leaderConnection(identity, 0)
  const build = (): Writer =>
    Writer.create()
      .appendString(null)
      .appendInt16(-1)
      .appendInt32(10_000)
      .appendArray([identity.topic], (topics, topic) =>
        topics.appendString(topic).appendArray([batch], (partitions, bytes) =>
          partitions
            .appendInt32(0)
            .appendUnsignedVarInt(bytes.length + 1)
            .append(bytes),
        ),
      )
      .appendTaggedFields()
  return leader.send(0, 11, build, (reader) => {
    reader.readUnsignedVarInt()
    reader.readString()
    reader.readUnsignedVarInt()
    reader.readInt32()
    const code = reader.readInt16()
    if (code !== 0) throw new Error(`the broker refused the batch with error ${code}`)
    return reader.readInt64()
  })
}
