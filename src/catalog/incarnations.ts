import { JsonFields } from '../format/json-fields.ts'
import { LOG_VERSION, refuseNewer, toJson } from '../format/log-codec.ts'
import type { Clock } from '../ports/clock.ts'
import type { TopicIdentity } from '../ports/event-log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { concurrently } from './concurrently.ts'
import { catalogPrefix } from './log-paths.ts'
import { impossible } from './log-state.ts'

/** One topic among those that had the same name one after the other. */
export interface Incarnation {
  /** Numbered from 1. */
  incarnation: number
  /** The broker's own identity of it. */
  incarnationId: string
  /** When the archive first saw it, ISO 8601 UTC; for people. */
  at: string
}

/**
 * The topic's number in the archive; the next free one when the archive never saw it. Safe to call from many writers at
 * once: they get the same number. Throws DamagedDataError.
 */
export async function resolveIncarnation(store: ObjectStore, identity: TopicIdentity, clock: Clock): Promise<number> {
  const { topic, incarnationId } = identity
  for (;;) {
    const known = await listIncarnations(store, topic)
    const found = known.find((incarnation) => incarnation.incarnationId === incarnationId)
    if (found) return found.incarnation
    const incarnation = known.length + 1
    const at = new Date(clock.nowMs()).toISOString()
    const bytes = toJson({ version: LOG_VERSION, incarnation, incarnationId, at })
    if ((await store.createIfAbsent(`${prefixOf(topic)}${incarnation}.json`, [bytes])) === 'created') return incarnation
    // Another took the number, perhaps for this very incarnation, or it was this call whose answer was lost: look again.
  }
}

/** Incarnations of the topic that the archive knows, ascending by number; none when it knows none. Throws DamagedDataError. */
export async function listIncarnations(store: ObjectStore, topic: string): Promise<Incarnation[]> {
  const prefix = prefixOf(topic)
  const numbers: number[] = []
  for await (const { path } of store.list(prefix)) {
    const name = /^([1-9][0-9]{0,8})\.json$/.exec(path.slice(prefix.length))
    if (name) numbers.push(Number(name[1]))
  }
  numbers.sort((a, b) => a - b)
  for (const [i, number] of numbers.entries()) {
    if (number !== i + 1) throw impossible(`${prefix}${number}.json`, `number ${i + 1} is missing`)
  }
  const found = await concurrently(numbers, 16, (number) => readIncarnation(store, `${prefix}${number}.json`, number))
  const ids = new Set(found.map(({ incarnationId }) => incarnationId))
  if (ids.size < found.length) throw impossible(prefix, 'two incarnations have the same id')
  return found
}

async function readIncarnation(store: ObjectStore, path: string, number: number): Promise<Incarnation> {
  const fields = JsonFields.parse('incarnation-damaged', path, await store.get(path))
  refuseNewer(fields, path)
  const incarnation = fields.count('incarnation')
  if (incarnation !== number) throw fields.damaged('incarnation', `is not ${number}`)
  return { incarnation, incarnationId: fields.text('incarnationId'), at: fields.text('at') }
}

function prefixOf(topic: string): string {
  return `${catalogPrefix(topic)}incarnations/`
}
