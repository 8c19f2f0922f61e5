import {
  type HeaderCondition,
  headerToJson,
  type KeyCondition,
  keysToJson,
  readHeaders,
  readKeys,
  readList,
  readWhere,
} from './conditions.ts'
import type { Members, Shape } from './shape.ts'

/** Which archived records a replay emits. All conditions hold together; a record must meet each of them. */
export interface Selection {
  /** One or more, without duplicates, in the order they were named. */
  topics: readonly string[]
  /** Which life of a topic that was deleted and created again, counted from 1; null: the latest. */
  incarnation: number | null
  /** Ascending, without duplicates; null: all. */
  partitions: readonly number[] | null
  /** Record timestamps from this one on; null: no bound. */
  fromTimestampMs: number | null
  /** Record timestamps below this one; null: no bound. */
  untilTimestampMs: number | null
  /** First offset, per partition; a partition that is not named has no bound. */
  fromOffsets: ReadonlyMap<number, bigint>
  /** Offset after the last one, per partition. */
  untilOffsets: ReadonlyMap<number, bigint>
  /** The key equals one of `exact` or begins with one of `prefixes`; null: no condition. A null key meets none. */
  keys: KeyCondition | null
  /** Each must be among the record's headers with this very value. */
  headers: readonly HeaderCondition[]
  /** A SQL condition over the row's columns; null: none. */
  where: string | null
  /** Goes on behind the archive's end, from the broker, up to what is its end when the replay is created. */
  toLive: boolean
}

const maxPartition = 2 ** 31 - 1

const members = ['topic', 'topics', 'incarnation', 'partitions', 'time', 'offsets', 'keys', 'headers', 'where', 'to']

/**
 * Reads a selection: `{topic | topics, incarnation?, partitions?, time?: {from?, to?}, offsets?: {from?: {"0": "17"}, to?: …},
 * keys?: {in?, prefix?, encoding?}, headers?: [{key, value}], where?, to?: "live"}`. Ranges are half open: `from` is in,
 * `to` is not. Problems are added to `shape`, and then null is returned.
 */
export function readSelection(value: unknown, place: string, shape: Shape): Selection | null {
  const before = shape.problems.length
  const source = shape.object(value, place, members)
  if (source === null) {
    if (value === undefined) shape.problems.push(`${place}: is missing`)
    return null
  }
  const topics = readTopics(source, place, shape)
  const incarnation = shape.integer(source.incarnation, `${place}.incarnation`, 1, maxPartition)
  const partitions = readPartitions(source.partitions, `${place}.partitions`, shape)
  const time = shape.object(source.time, `${place}.time`, ['from', 'to'])
  const fromTimestampMs = shape.instantMs(time?.from, `${place}.time.from`)
  const untilTimestampMs = shape.instantMs(time?.to, `${place}.time.to`)
  if (fromTimestampMs !== null && untilTimestampMs !== null && fromTimestampMs >= untilTimestampMs) {
    shape.problems.push(`${place}.time: "from" must be before "to"`)
  }
  const offsets = shape.object(source.offsets, `${place}.offsets`, ['from', 'to'])
  const fromOffsets = readOffsets(offsets?.from, `${place}.offsets.from`, shape)
  const untilOffsets = readOffsets(offsets?.to, `${place}.offsets.to`, shape)
  for (const [partition, until] of untilOffsets) {
    if ((fromOffsets.get(partition) ?? 0n) >= until) {
      shape.problems.push(`${place}.offsets: "from" must be below "to" in partition ${partition}`)
    }
  }
  for (const partition of new Set([...fromOffsets.keys(), ...untilOffsets.keys()])) {
    if (partitions !== null && !partitions.includes(partition)) {
      shape.problems.push(`${place}.offsets: partition ${partition} is not among "partitions"`)
    }
  }
  const keys = readKeys(source.keys, `${place}.keys`, shape)
  const headers = readHeaders(source.headers, `${place}.headers`, shape)
  const where = readWhere(source.where, `${place}.where`, shape)
  const toLive = source.to !== undefined
  if (toLive && source.to !== 'live') shape.problems.push(`${place}.to: must be "live" or left out`)
  if (toLive) {
    // a condition in SQL is judged on files, and an end that is given is not the live one
    const bounded = untilTimestampMs !== null || untilOffsets.size > 0
    if (where !== null) shape.problems.push(`${place}.where: cannot be combined with "to": "live"`)
    if (bounded) shape.problems.push(`${place}.to: "live" contradicts an end that is given by time or offset`)
  }
  if (topics.length > 1) {
    for (const name of ['incarnation', 'partitions', 'offsets']) {
      if (source[name] !== undefined) shape.problems.push(`${place}.${name}: can be said of a single topic only`)
    }
  }
  if (shape.problems.length > before) return null
  return {
    ...{ topics, incarnation, partitions, fromTimestampMs, untilTimestampMs, fromOffsets, untilOffsets },
    ...{ keys, headers, where, toLive },
  }
}

function readTopics(source: Members, place: string, shape: Shape): string[] {
  if (source.topics === undefined) {
    const topic = readTopicName(source.topic, `${place}.topic`, shape)
    return topic === null ? [] : [topic]
  }
  if (source.topic !== undefined) shape.problems.push(`${place}: give either "topic" or "topics"`)
  const names = readList(source.topics, `${place}.topics`, 'topic names', shape)
  return [...new Set(names.map((name, index) => readTopicName(name, `${place}.topics[${index}]`, shape) ?? ''))]
}

/** A topic's name as any source may have it: not empty, not huge, no control characters. */
export function readTopicName(value: unknown, place: string, shape: Shape): string | null {
  if (typeof value === 'string' && /^[^\p{Cc}]{1,249}$/u.test(value)) return value
  shape.problems.push(`${place}: must be a topic's name`)
  return null
}

/**
 * The same selection always gives the same object, whatever order or spelling its JSON had. It is again the JSON that
 * readSelection takes.
 */
export function selectionToJson(selection: Selection): Members {
  const [topic, ...others] = selection.topics
  return {
    ...(others.length === 0 ? { topic } : { topics: selection.topics }),
    ...(selection.incarnation !== null && { incarnation: selection.incarnation }),
    ...(selection.partitions !== null && { partitions: selection.partitions }),
    ...((selection.fromTimestampMs !== null || selection.untilTimestampMs !== null) && {
      time: {
        ...(selection.fromTimestampMs !== null && { from: instantToJson(selection.fromTimestampMs) }),
        ...(selection.untilTimestampMs !== null && { to: instantToJson(selection.untilTimestampMs) }),
      },
    }),
    ...((selection.fromOffsets.size > 0 || selection.untilOffsets.size > 0) && {
      offsets: { from: offsetsToJson(selection.fromOffsets), to: offsetsToJson(selection.untilOffsets) },
    }),
    ...(selection.keys !== null && { keys: keysToJson(selection.keys) }),
    ...(selection.headers.length > 0 && { headers: selection.headers.map(headerToJson) }),
    ...(selection.where !== null && { where: selection.where }),
    ...(selection.toLive && { to: 'live' }),
  }
}

function readPartitions(value: unknown, place: string, shape: Shape): number[] | null {
  if (value === undefined) return null
  if (!Array.isArray(value) || value.length === 0 || value.length > 100_000) {
    shape.problems.push(`${place}: must be a list of partition numbers, or left out for all`)
    return null
  }
  const numbers = value.map((item: unknown, index) => shape.integer(item, `${place}[${index}]`, 0, maxPartition))
  return [...new Set(numbers.filter((number) => number !== null))].sort((a, b) => a - b)
}

function readOffsets(value: unknown, place: string, shape: Shape): Map<number, bigint> {
  const result = new Map<number, bigint>()
  if (value === undefined) return result
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    shape.problems.push(`${place}: must be an object from partition number to offset`)
    return result
  }
  for (const [name, given] of Object.entries(value)) {
    const offset = shape.offset(given, `${place}.${name}`)
    if (!/^(0|[1-9]\d{0,9})$/.test(name) || Number(name) > maxPartition) {
      shape.problems.push(`${place}: ${JSON.stringify(name.slice(0, 60))} is not a partition number`)
    } else if (offset !== null) result.set(Number(name), offset)
  }
  return result
}

/** ISO 8601 where its years have four digits, which is all that is read as such. */
function instantToJson(ms: number): string | number {
  const text = new Date(ms).toISOString()
  return /^\d{4}-/.test(text) ? text : ms
}

function offsetsToJson(offsets: ReadonlyMap<number, bigint>): Members {
  return Object.fromEntries([...offsets].sort(([a], [b]) => a - b).map(([p, offset]) => [p, String(offset)]))
}
