import type { Capture } from './archive/capture.ts'
import type { Connector } from './archive/connector/connector.ts'
import type { HeadroomMonitor } from './archive/headroom/monitor.ts'
import type { Config } from './config.ts'
import type { Clock } from './ports/clock.ts'
import type { EventLog } from './ports/event-log.ts'
import type { Log } from './ports/log.ts'
import type { ObjectStore } from './ports/object-store.ts'
import type { QueryService } from './query/query-service.ts'
import type { ReplayService } from './replay/service.ts'

/** Everything that REST and the command line are thin over. Outside systems are reached when first asked for. */
export interface Services {
  readonly config: Config
  readonly clock: Clock
  readonly log: Log
  readonly store: ObjectStore
  readonly queries: QueryService
  /** What retention is about to delete. Connects to the broker on first use. */
  readonly headroom: HeadroomMonitor
  /** Connects to the broker on first use. Throws UnavailableError `broker-unreachable`. */
  eventLog(): Promise<EventLog>
  /** Connects to the broker on first use. */
  replays(): Promise<ReplayService>
  /** Opens a connector's capture into the archive: the configured one, else the one its `s3.*` properties name. */
  openCapture(connector: Connector): Promise<Capture>
  /** Captures that were opened and are not closed, with their connectors' names. */
  captures(): readonly OpenCapture[]
  close(): Promise<void>
}

export interface OpenCapture {
  connector: string
  capture: Capture
}
