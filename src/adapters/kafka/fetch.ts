import { Reader, Writer } from '@platformatic/kafka'
import { ColdstreamError, DamagedDataError } from '../../errors.ts'
import type { AbortedTransaction } from '../../format/record-batch/index.ts'

/**
 * Kafka's Fetch request, version 13 (https://kafka.apache.org/protocol#The_Messages_Fetch; brokers since 3.1): the first
 * that names topics by id, so that a topic which was deleted and created again never serves its records as the old
 * one's. Built and read here because the client library's own parser copies records and drops the tagged fields.
 */
export const fetchApi = { key: 1, version: 13 } as const

const consumerReplica = -1
const isolation = { uncommitted: 0, committed: 1 } as const
/** Session id and epoch of a request that stands alone. */
const noSession = { id: 0, epoch: -1 }

/** Where to read a partition. */
export interface FetchPosition {
  topicId: string
  partition: number
  offset: bigint
  /** Epoch of the leader that is asked, so that a deposed one refuses; -1 when not known. */
  leaderEpoch: number
  /** Epoch of the record before `offset`, by which the broker notices truncation; -1 when not known. */
  lastEpoch: number
}

export interface FetchRequest {
  /** How long the broker may wait for a first byte. */
  maxWaitMs: number
  /** Of the whole response; a first batch that is larger comes all the same. */
  maxBytes: number
  /** In the order in which the broker fills the response. */
  positions: readonly FetchPosition[]
  /** `uncommitted`: also beyond the last stable offset, up to the high watermark; `committed` unless told. */
  isolation?: keyof typeof isolation
}

export interface FetchResponse {
  /** What all partitions' bytes are views of. */
  buffer: Buffer
  errorCode: number
  partitions: FetchedPartition[]
}

export interface FetchedPartition {
  topicId: string
  partition: number
  errorCode: number
  /** Offset up to which every transaction is decided; where a read-committed reader stops. */
  lastStableOffset: bigint
  logStartOffset: bigint
  aborted: AbortedTransaction[]
  /** Batches; a view into the response. */
  bytes: Buffer
  /** Set when the log no longer holds what `lastEpoch` wrote up to the offset: it ends at `endOffset` for that epoch. */
  diverging: { epoch: number; endOffset: bigint } | null
  /** Who leads now, when the broker that was asked does not. */
  leader: { id: number; epoch: number } | null
}

/** The request's body. Topics may repeat; the broker's order of filling is that of `positions`. */
export function buildFetch(request: FetchRequest): Writer {
  const { maxWaitMs, maxBytes, positions } = request
  return Writer.create()
    .appendInt32(consumerReplica)
    .appendInt32(maxWaitMs)
    .appendInt32(1)
    .appendInt32(maxBytes)
    .appendInt8(isolation[request.isolation ?? 'committed'])
    .appendInt32(noSession.id)
    .appendInt32(noSession.epoch)
    .appendArray(groupByTopic(positions), (topic, group) => {
      topic.appendUUID(group[0]!.topicId).appendArray(group, (writer, position) => {
        writer
          .appendInt32(position.partition)
          .appendInt32(position.leaderEpoch)
          .appendInt64(position.offset)
          .appendInt32(position.lastEpoch)
          .appendInt64(-1n)
          .appendInt32(maxBytes)
      })
    })
    .appendArray([], () => undefined)
    .appendString('')
    .appendTaggedFields()
}

/**
 * Reads the response into a buffer that `take` gives for so many bytes, so that records can be given out as views of
 * it. Throws DamagedDataError `response-malformed` when it is not one.
 */
export function parseFetch(reader: Reader, take: (bytes: number) => Buffer): FetchResponse {
  const { buffers, length } = reader.buffer
  const flat = take(length)
  let at = 0
  for (const buffer of buffers) at += buffer.copy(flat, at)
  try {
    return readResponse(Reader.from(flat), flat)
  } catch (error) {
    if (error instanceof ColdstreamError) throw error
    throw malformed(error)
  }
}

function readResponse(reader: Reader, flat: Buffer): FetchResponse {
  reader.readInt32() // throttle time: the broker itself delays what it throttles
  const errorCode = reader.readInt16()
  reader.readInt32() // session
  const partitions: FetchedPartition[] = []
  reader.readArray(() => {
    const topicId = reader.readUUID()
    reader.readArray(() => partitions.push(readPartition(reader, flat, topicId)), true, false)
  })
  return { buffer: flat, errorCode, partitions }
}

function readPartition(reader: Reader, flat: Buffer, topicId: string): FetchedPartition {
  const partition = reader.readInt32()
  const errorCode = reader.readInt16()
  reader.readInt64() // high watermark: the last stable offset is what counts here
  const lastStableOffset = reader.readInt64()
  const logStartOffset = reader.readInt64()
  const aborted = reader.readArray(() => ({ producerId: reader.readInt64(), firstOffset: reader.readInt64() }))
  reader.readInt32() // preferred read replica: none is offered to a client without a rack
  const bytes = readView(reader, flat)
  const fetched: FetchedPartition = {
    topicId,
    partition,
    errorCode,
    lastStableOffset,
    logStartOffset,
    aborted,
    bytes,
    diverging: null,
    leader: null,
  }
  readTags(reader, {
    0: () => {
      fetched.diverging = { epoch: reader.readInt32(), endOffset: reader.readInt64() }
    },
    1: () => {
      fetched.leader = { id: reader.readInt32(), epoch: reader.readInt32() }
    },
  })
  return fetched
}

/** A byte string as a view; empty for null. */
function readView(reader: Reader, flat: Buffer): Buffer {
  const size = reader.readUnsignedVarInt()
  const start = reader.position
  // A length of 0 stands for null, any other is one more than the bytes.
  const end = size === 0 ? start : placeAfter(reader, size - 1)
  reader.position = end
  return flat.subarray(start, end)
}

/** Tagged fields (KIP-482); those without a reader are skipped, and one is left behind at its end however it is read. */
function readTags(reader: Reader, readers: Readonly<Record<number, () => void>>): void {
  for (let left = reader.readUnsignedVarInt(); left > 0; left -= 1) {
    const tag = reader.readUnsignedVarInt()
    const end = placeAfter(reader, reader.readUnsignedVarInt())
    readers[tag]?.()
    reader.position = end
  }
}

/** Where a field of `size` bytes ends. The library reads a hostile length as a negative number. */
function placeAfter(reader: Reader, size: number): number {
  if (size < 0 || size > reader.remaining) throw malformed(`a field of ${size} bytes goes beyond its end`)
  return reader.position + size
}

/** Runs of positions of one topic. */
function groupByTopic(positions: readonly FetchPosition[]): FetchPosition[][] {
  const groups: FetchPosition[][] = []
  for (const position of positions) {
    const last = groups.at(-1)
    if (last?.[0]?.topicId === position.topicId) last.push(position)
    else groups.push([position])
  }
  return groups
}

function malformed(cause: unknown): DamagedDataError {
  const what = cause instanceof Error ? cause.message : String(cause)
  return new DamagedDataError('response-malformed', `The broker's answer to a fetch cannot be read: ${what}`, {
    remedy: 'Check that the address is a Kafka broker of version 3.1 or newer, and nothing between changes the bytes.',
    cause,
  })
}
