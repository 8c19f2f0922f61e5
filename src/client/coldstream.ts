import { Caller, type ClientOptions } from './call.ts'
import { Queries } from './queries.ts'
import { Replays } from './replays.ts'
import { Selections } from './selections.ts'
import { Topics } from './topics.ts'

/** The REST API of a Coldstream service. */
export interface Coldstream {
  readonly replays: Replays
  readonly selections: Selections
  readonly topics: Topics
  readonly queries: Queries
}

/** A client for the service at that address; nothing is sent before the first call. */
export function createColdstream(options: ClientOptions): Coldstream {
  const caller = new Caller(options)
  return {
    replays: new Replays(caller),
    selections: new Selections(caller),
    topics: new Topics(caller),
    queries: new Queries(caller),
  }
}
