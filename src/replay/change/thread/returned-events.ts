import { types } from 'node:util'
import type { UpcastEvent } from '../upcaster.ts'
import type { ArchivedEvent } from './archived-event.ts'
import { RowProblem } from './row-problem.ts'

/** An event that a module returned, its members present as far as they are checked here. */
export type ReturnedEvent = UpcastEvent<unknown>

const members: ReadonlySet<string> = new Set(['topic', 'partition', 'offset', 'timestamp', 'key', 'value', 'headers'])
const maxTimestampMs = 8.64e15

/** What `upcast` returned as events of `archived`. Throws RowProblem when it is something else. */
export function returnedEvents(result: unknown, archived: ArchivedEvent): readonly ReturnedEvent[] {
  if (result === null) return []
  if (types.isPromise(result)) {
    // what it comes to is of no interest, also when it fails
    result.catch(() => undefined)
    throw new RowProblem('upcast returned a promise; it must return the event itself')
  }
  const events: readonly unknown[] = Array.isArray(result) ? result : [result]
  for (const event of events) checkEvent(event, archived)
  return events as readonly ReturnedEvent[]
}

function checkEvent(event: unknown, archived: ArchivedEvent): void {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) {
    throw new RowProblem(`upcast returned ${nameOf(event)}; it must return an event, null, or a list of events`)
  }
  for (const name in event) {
    if (!members.has(name)) {
      const shown = JSON.stringify(name.slice(0, 60))
      throw new RowProblem(`upcast returned an event with ${shown}, which no event has; it goes into "value"`)
    }
  }
  const { topic, partition, offset, timestamp, value } = event as ReturnedEvent
  if (value === undefined) throw new RowProblem('upcast returned an event without "value"; null makes a tombstone')
  if (topic !== undefined && topic !== archived.topic) throw cannotChange('topic')
  if (partition !== undefined && partition !== archived.partition) throw cannotChange('partition')
  if (offset !== undefined && offset !== archived.offset) throw cannotChange('offset')
  if (timestamp !== undefined && !(Number.isInteger(timestamp) && Math.abs(timestamp) <= maxTimestampMs)) {
    throw new RowProblem('upcast returned a "timestamp" that is no integer of milliseconds')
  }
}

function cannotChange(member: string): RowProblem {
  return new RowProblem(`upcast changed "${member}", which an upcaster cannot`)
}

function nameOf(value: unknown): string {
  if (value === null) return 'null in a list'
  return Array.isArray(value) ? 'a list in a list' : typeof value
}
