import type { Connector } from './archive/connector/connector.ts'
import type { HeadroomMonitor } from './archive/headroom/monitor.ts'
import type { OpenCapture, RunnableCapture } from './archive/open-captures.ts'
import type { Config } from './config.ts'
import type { ConnectService } from './connect/service.ts'
import type { Clock } from './ports/clock.ts'
import type { EventLog } from './ports/event-log.ts'
import type { Log } from './ports/log.ts'
import type { ObjectStore } from './ports/object-store.ts'
import type { QueryService } from './query/query-service.ts'
import type { QueryRuns } from './query/runs/query-runs.ts'
import type { Handovers } from './replay/handover/service.ts'
import type { SavedSelections } from './replay/selections/saved-selections.ts'
import type { ReplayService } from './replay/service.ts'

/** Everything that REST and the command line are thin over. Outside systems are reached when first asked for. */
export interface Services {
  readonly config: Config
  readonly clock: Clock
  readonly log: Log
  readonly store: ObjectStore
  readonly queries: QueryService
  /** Queries with an id, kept in the archive for a while. */
  readonly queryRuns: QueryRuns
  /** What retention is about to delete. Connects to the broker on first use. */
  readonly headroom: HeadroomMonitor
  /** Connectors that the archive keeps; they run here once `connectors.run` is called. */
  readonly connectors: ConnectService
  /** Connects to the broker on first use. Throws UnavailableError `broker-unreachable`. */
  eventLog(): Promise<EventLog>
  /** Connects to the broker on first use. */
  replays(): Promise<ReplayService>
  /** From completed replays to live consumption. Connects to the broker on first use. */
  handovers(): Promise<Handovers>
  /** What replays select, by name. */
  readonly selections: SavedSelections
  /** Opens a connector's capture into the archive: the configured one, else the one its `s3.*` properties name. */
  openCapture(connector: Connector): Promise<RunnableCapture>
  /** Captures that were opened and whose run has not ended, with their connectors' names. */
  captures(): readonly OpenCapture[]
  close(): Promise<void>
}
