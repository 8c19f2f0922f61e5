import type { Members, Shape } from './shape.ts'

/** Which archived records a replay emits. All conditions hold together; a record must meet each of them. */
export interface Selection {
  topic: string
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
}

const maxPartition = 2 ** 31 - 1

/**
 * Reads a selection: `{topic, incarnation?, partitions?, time?: {from?, to?}, offsets?: {from?: {"0": "17"}, to?: …}}`.
 * Ranges are half open: `from` is in, `to` is not. Problems are added to `shape`, and then null is returned.
 */
export function readSelection(value: unknown, place: string, shape: Shape): Selection | null {
  const before = shape.problems.length
  const source = shape.object(value, place, ['topic', 'incarnation', 'partitions', 'time', 'offsets'])
  if (source === null) {
    if (value === undefined) shape.problems.push(`${place}: is missing`)
    return null
  }
  const topic = readTopicName(source.topic, `${place}.topic`, shape)
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
  if (topic === null || shape.problems.length > before) return null
  return { topic, incarnation, partitions, fromTimestampMs, untilTimestampMs, fromOffsets, untilOffsets }
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
  return {
    topic: selection.topic,
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
