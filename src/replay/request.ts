import { createHash } from 'node:crypto'
import { readSelection, readTopicName, type Selection, selectionToJson } from './selection.ts'
import { type Members, quote, Shape } from './shape.ts'

/** What someone asks for: emit these archived records into that topic. */
export interface ReplayRequest {
  /** Name of the replay, given by the caller or null: one is made up. */
  id: string | null
  source: Selection
  target: ReplayTarget
  /** Emit although records of the range are lost; what is missing is stated as a warning instead. */
  acceptGaps: boolean
}

export interface ReplayTarget {
  topic: string
  /** Broker settings for the topic when it has to be created, over the ones that keep a replay safe. */
  config: Readonly<Record<string, string>>
}

/**
 * Reads a request: `{id?, source: <selection>, target: {topic, config?}, acceptGaps?}`. Throws InvalidInputError
 * `replay-request-invalid` with every problem at once.
 */
export function parseReplayRequest(json: unknown): ReplayRequest {
  const shape = new Shape()
  const request = shape.object(json ?? null, 'request', ['id', 'source', 'target', 'acceptGaps'])
  const id = request === null ? null : readId(request.id, shape)
  const source = request === null ? null : readSelection(request.source, 'source', shape)
  const target = request === null ? null : readTarget(request.target, shape)
  const acceptGaps = request?.acceptGaps ?? false
  if (typeof acceptGaps !== 'boolean') shape.problems.push('acceptGaps: must be true or false')
  if (source === null || target === null || typeof acceptGaps !== 'boolean' || shape.problems.length > 0) {
    shape.finish('replay-request-invalid', 'The replay cannot be read', 'Correct the request and send it again.')
    throw new Error('a request without problems has a source and a target')
  }
  return { id, source, target, acceptGaps }
}

/**
 * What makes two requests the same replay: source and target, whatever order or spelling their JSON had. Accepting gaps
 * later, to get on, changes nothing of what is emitted and so is not part of it.
 */
export function requestHash(source: Selection, target: ReplayTarget): string {
  const canonical = JSON.stringify([selectionToJson(source), targetToJson(target)])
  return createHash('sha256').update(canonical).digest('hex')
}

/** JSON that parseReplayRequest takes, always the same for the same target. */
export function targetToJson(target: ReplayTarget): Members {
  const config = Object.fromEntries(Object.entries(target.config).sort(([a], [b]) => (a < b ? -1 : 1)))
  return { topic: target.topic, ...(Object.keys(config).length > 0 && { config }) }
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

function readTarget(value: unknown, shape: Shape): ReplayTarget | null {
  const target = shape.object(value, 'target', ['topic', 'config'])
  if (target === null) {
    if (value === undefined) shape.problems.push('target: is missing')
    return null
  }
  const topic = readTopicName(target.topic, 'target.topic', shape)
  const config: Record<string, string> = {}
  const given: unknown = target.config ?? {}
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    shape.problems.push('target.config: must be an object of texts')
    return null
  }
  for (const [name, setting] of Object.entries(given)) {
    if (typeof setting === 'string' && /^[a-z][a-z0-9._-]{0,99}$/i.test(name) && setting.length <= 1000) {
      config[name] = setting
    } else shape.problems.push(`target.config: ${quote(name)} must be a setting's name with a text`)
  }
  return topic === null ? null : { topic, config }
}
