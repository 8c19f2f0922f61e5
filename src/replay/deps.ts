import type { KnownLogs } from '../catalog/snapshot.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Log } from '../ports/log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { UpcasterSettings } from './change/open-upcaster.ts'
import type { ReplayLimits } from './limits.ts'
import type { Conditions } from './read/conditions.ts'
import type { ReplayRecords } from './run/replay-records.ts'
import type { WorkSlots } from './run/work-slots.ts'

/** What replays work with. */
export interface ReplayDeps {
  store: ObjectStore
  /** What commit logs said when they were last read in this process. */
  logs: KnownLogs
  eventLog: EventLog
  records: ReplayRecords
  /** Which shares of all replays are this instance's. */
  work: WorkSlots
  /** Where upcasters are, and what they may take. */
  upcasters: UpcasterSettings
  /** Judges the SQL conditions of selections. */
  conditions: Conditions
  clock: Clock
  log: Log
  limits: ReplayLimits
}
