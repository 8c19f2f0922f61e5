import { createHash } from 'node:crypto'
import { readTransform, type TransformRequest, transformToJson } from '../change/transform-request.ts'
import { readList } from './conditions.ts'
import { type Rate, readRate } from './rate.ts'
import { readSelection, readTopicName, type Selection, selectionToJson } from './selection.ts'
import { type Members, quote, Shape } from './shape.ts'

/** What someone asks for: emit these archived records into that topic. */
export interface ReplayRequest {
  /** Name of the replay, given by the caller or null: one is made up. */
  id: string | null
  job: ReplayJob
  /** How fast, to begin with; null: as fast as it goes. */
  rate: Rate | null
  /** Codes of findings that the caller has seen and puts up with. */
  accept: readonly string[]
}

/** What makes two requests the same replay. Pace and what is put up with may change while it runs. */
export interface ReplayJob {
  source: Selection
  target: ReplayTarget
  order: ReplayOrder
  transform: TransformRequest | null
}

/**
 * `partition`: each partition's records in their order, into the partition of the same number. `key`: into the partition
 * that a producer's default partitioner would choose now, in order per key. `time`: the earliest of all partitions first.
 */
export const replayOrders = ['partition', 'key', 'time'] as const
export type ReplayOrder = (typeof replayOrders)[number]

export interface ReplayTarget {
  /** Target of each source topic. */
  topics: ReadonlyMap<string, string>
  /** How many partitions; null: as many as the source has. */
  partitions: number | null
  /** Broker settings for the topic when it has to be created, over the ones that keep a replay safe. */
  config: Readonly<Record<string, string>>
}

const members = ['id', 'source', 'target', 'order', 'rate', 'transform', 'accept']
const maxPartitions = 100_000

/**
 * Reads a request: `{id?, source: <selection>, target: {topic | topics, partitions?, config?}, order?, rate?, transform?,
 * accept?}`. Throws InvalidInputError `replay-request-invalid` with every problem at once.
 */
export function parseReplayRequest(json: unknown): ReplayRequest {
  const shape = new Shape()
  const request = shape.object(json ?? null, 'request', members)
  const read = request === null ? null : readRequest(request, shape)
  shape.finish('replay-request-invalid', 'The replay cannot be read', 'Correct the request and send it again.')
  if (read === null) throw new Error('a request without problems has a source and a target')
  return read
}

/** Whatever order or spelling the JSON had. */
export function requestHash(job: ReplayJob): string {
  return createHash('sha256')
    .update(JSON.stringify(jobToJson(job)))
    .digest('hex')
}

/** JSON that parseReplayRequest takes, always the same for the same job. */
export function jobToJson({ source, target, order, transform }: ReplayJob): Members {
  return {
    source: selectionToJson(source),
    target: targetToJson(target),
    ...(order !== 'partition' && { order }),
    ...(transform !== null && { transform: transformToJson(transform) }),
  }
}

/** All topics that are written into, each once. */
export function targetTopics({ topics }: ReplayTarget): string[] {
  return [...new Set(topics.values())]
}

function targetToJson({ topics, partitions, config }: ReplayTarget): Members {
  const [only, ...others] = targetTopics({ topics, partitions, config })
  const sorted = Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    ...(others.length === 0 ? { topic: only } : { topics: Object.fromEntries(topics) }),
    ...(partitions !== null && { partitions }),
    ...(sorted.length > 0 && { config: Object.fromEntries(sorted) }),
  }
}

function readRequest(request: Members, shape: Shape): ReplayRequest | null {
  const id = readId(request.id, shape)
  const source = readSelection(request.source, 'source', shape)
  const target = readTarget(request.target, source?.topics ?? null, shape)
  const order = readOrder(request.order, shape)
  const rate = readRate(request.rate ?? null, 'rate', shape)
  const transform = readTransform(request.transform, 'transform', shape)
  const accept = request.accept === undefined ? [] : readList(request.accept, 'accept', 'codes of findings', shape)
  for (const [index, code] of accept.entries()) {
    if (typeof code !== 'string' || !/^[a-z][a-z0-9-]{1,63}$/.test(code)) {
      shape.problems.push(`accept[${index}]: must be the code of a finding, as a dry run names it`)
    }
  }
  if (source === null || target === null) return null
  if (order === 'partition' && target.partitions !== null) {
    shape.problems.push('target.partitions: order "partition" keeps the partitions; ask for order "key" or "time"')
  }
  if (order !== 'time' && source.topics.length > targetTopics(target).length) {
    shape.problems.push('order: several topics into one target are merged by time; ask for order "time"')
  }
  return { id, job: { source, target, order, transform }, rate, accept: accept.map(String) }
}

function readOrder(value: unknown, shape: Shape): ReplayOrder {
  if (value === undefined) return 'partition'
  const order = replayOrders.find((known) => known === value)
  if (order === undefined) shape.problems.push(`order: must be one of ${replayOrders.join(', ')}, not ${quote(value)}`)
  return order ?? 'partition'
}

/** Whether the text can name a replay: it becomes a folder in the store and part of a transaction's name. */
export function isReplayId(id: unknown): id is string {
  return typeof id === 'string' && /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/.test(id)
}

function readId(value: unknown, shape: Shape): string | null {
  if (value === undefined) return null
  if (isReplayId(value)) return value
  shape.problems.push(
    `id: must be 1 to 64 of a-z, 0-9 and "-", beginning and ending with a letter or digit, not ${quote(value)}`,
  )
  return null
}

function readTarget(value: unknown, sources: readonly string[] | null, shape: Shape): ReplayTarget | null {
  const target = shape.object(value, 'target', ['topic', 'topics', 'partitions', 'config'])
  if (target === null) {
    if (value === undefined) shape.problems.push('target: is missing')
    return null
  }
  const partitions = shape.integer(target.partitions, 'target.partitions', 1, maxPartitions)
  const config = readConfig(target.config, shape)
  const topics = readTargetTopics(target, sources, shape)
  return topics === null || config === null ? null : { topics, partitions, config }
}

/** One target for all sources, or an own one for each. */
function readTargetTopics(
  target: Members,
  sources: readonly string[] | null,
  shape: Shape,
): Map<string, string> | null {
  if (target.topics === undefined) {
    const topic = readTopicName(target.topic, 'target.topic', shape)
    return topic === null ? null : new Map((sources ?? []).map((source) => [source, topic]))
  }
  if (target.topic !== undefined) shape.problems.push('target: give either "topic" or "topics"')
  const named = shape.object(target.topics, 'target.topics', sources ?? Object.keys(Object(target.topics)))
  if (named === null) return null
  const topics = new Map<string, string>()
  for (const source of sources ?? []) {
    const topic = readTopicName(named[source], `target.topics.${source}`, shape)
    if (topic !== null) topics.set(source, topic)
  }
  const distinct = new Set(topics.values()).size
  if (distinct > 1 && distinct < topics.size) {
    shape.problems.push('target.topics: give each source its own target, or all of them one by "topic"')
  }
  return topics
}

function readConfig(given: unknown, shape: Shape): Record<string, string> | null {
  const config: Record<string, string> = {}
  if (given === undefined) return config
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    shape.problems.push('target.config: must be an object of texts')
    return null
  }
  for (const [name, setting] of Object.entries(given)) {
    if (typeof setting === 'string' && /^[a-z][a-z0-9._-]{0,99}$/i.test(name) && setting.length <= 1000) {
      config[name] = setting
    } else shape.problems.push(`target.config: ${quote(name)} must be a setting's name with a text`)
  }
  return config
}
