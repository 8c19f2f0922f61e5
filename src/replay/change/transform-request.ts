import { readTopicName } from '../request/selection.ts'
import { type Members, quote, type Shape } from '../request/shape.ts'
import { isUpcasterName } from './upcaster-files.ts'

/** What happens to the records of a replay between archive and target. */
export interface TransformRequest {
  /** Module that changes the events; null: none. */
  upcaster: string | null
  /** Whether each record says in its headers where it comes from. */
  stamp: boolean
  /** Keys of headers that are left out, ascending, without duplicates. */
  dropHeaders: readonly string[]
  /** Where events go that the upcaster fails on; null: the first of them stops the replay. */
  deadLetterTopic: string | null
  /** The replay stops at the failing event after so many. 0 without a topic for them. */
  maxDeadLetters: number
}

const defaultMaxDeadLetters = 1_000
const maxHeaderKeys = 1_000
const maxHeaderKeyLength = 1_000
const members = ['upcaster', 'stamp', 'dropHeaders', 'deadLetterTopic', 'maxDeadLetters']

/**
 * Reads `{upcaster?, stamp?, dropHeaders?, deadLetterTopic?, maxDeadLetters?}`. Problems are added to `shape`. Null when
 * there are some, and when nothing would be changed: then it is the same as none.
 */
export function readTransform(value: unknown, place: string, shape: Shape): TransformRequest | null {
  const before = shape.problems.length
  const given = shape.object(value, place, members)
  if (given === null) return null
  const upcaster = readUpcaster(given.upcaster, `${place}.upcaster`, shape)
  const stamp = given.stamp ?? false
  if (typeof stamp !== 'boolean') shape.problems.push(`${place}.stamp: must be true or false`)
  const dropHeaders = readHeaderKeys(given.dropHeaders, `${place}.dropHeaders`, shape)
  const deadLetterTopic =
    given.deadLetterTopic === undefined ? null : readTopicName(given.deadLetterTopic, `${place}.deadLetterTopic`, shape)
  const maxDeadLetters = shape.integer(given.maxDeadLetters, `${place}.maxDeadLetters`, 1, 2 ** 31 - 1)
  if (given.deadLetterTopic !== undefined && given.upcaster === undefined) {
    shape.problems.push(`${place}.deadLetterTopic: is for events that an upcaster fails on, and there is no "upcaster"`)
  }
  if (given.maxDeadLetters !== undefined && given.deadLetterTopic === undefined) {
    shape.problems.push(`${place}.maxDeadLetters: goes with "deadLetterTopic", which is not there`)
  }
  if (shape.problems.length > before) return null
  if (upcaster === null && stamp === false && dropHeaders.length === 0) return null
  return {
    upcaster,
    stamp: stamp === true,
    dropHeaders,
    deadLetterTopic,
    maxDeadLetters: deadLetterTopic === null ? 0 : (maxDeadLetters ?? defaultMaxDeadLetters),
  }
}

/** JSON that readTransform takes, always the same for the same transform. */
export function transformToJson(transform: TransformRequest): Members {
  return {
    ...(transform.upcaster !== null && { upcaster: transform.upcaster }),
    ...(transform.stamp && { stamp: true }),
    ...(transform.dropHeaders.length > 0 && { dropHeaders: transform.dropHeaders }),
    ...(transform.deadLetterTopic !== null && {
      deadLetterTopic: transform.deadLetterTopic,
      maxDeadLetters: transform.maxDeadLetters,
    }),
  }
}

function readUpcaster(value: unknown, place: string, shape: Shape): string | null {
  if (value === undefined) return null
  if (isUpcasterName(value)) return value
  shape.problems.push(
    `${place}: must be the name of a module without its ending, 1 to 64 letters, digits, "-" and "_", not ${quote(value)}`,
  )
  return null
}

function readHeaderKeys(value: unknown, place: string, shape: Shape): string[] {
  if (value === undefined) return []
  const isList = Array.isArray(value) && value.length <= maxHeaderKeys
  if (!isList || !value.every((key) => typeof key === 'string' && key.length <= maxHeaderKeyLength)) {
    shape.problems.push(`${place}: must be a list of headers' keys, at most ${maxHeaderKeys}`)
    return []
  }
  return [...new Set(value as string[])].sort()
}
