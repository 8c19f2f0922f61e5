import type { Connector } from '../archive/connector/connector.ts'
import type { CheckedConnector } from '../archive/connector/parse.ts'
import { maskSecrets } from '../archive/connector/secrets.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import {
  alterConnectorOffsets,
  archivedTopics,
  type ConnectorArchive,
  connectorOffsets,
  resetConnectorOffsets,
} from './connector-offsets.ts'
import { ConnectorDirectory, type FoundConnector } from './directory.ts'
import { invalidConfig, type TextConfig } from './judge.ts'
import type { PartitionOffset } from './offsets.ts'
import { alreadyExists, notStopped, stillStopping, unknownTask } from './refusals.ts'
import { ConnectorRegistry } from './registry.ts'
import type { RestartRequest, TargetState } from './registry-entry.ts'
import { type ConnectorStatus, connectorStatus, restartingStatus } from './status.ts'
import { type ConnectorFile, ConnectorSupervisor, type SupervisorParts } from './supervisor.ts'

export interface ConnectParts extends Omit<SupervisorParts, 'registry'> {
  /** Where the connectors are kept. */
  store: ObjectStore
  /** Where a connector writes to. */
  storeOf(connector: Connector): Promise<ObjectStore>
  /** Connects to the broker on first use. */
  eventLog(): Promise<EventLog>
}

export interface ConnectorInfo {
  name: string
  /** Flat, secrets hidden. */
  config: TextConfig
  /** Ids of the tasks that run here. */
  tasks: number[]
}

type RestartWish = Omit<RestartRequest, 'seq'>

/**
 * Connectors as Kafka Connect knows them: kept in the archive, the same for every instance, run by each. Whoever asks sees
 * what any instance has changed so far. Throws NotFoundError `connector-not-found` for a name that is not there, ConflictError
 * `connector-is-a-file` for changing what was given as a file.
 */
export class ConnectService {
  readonly #parts: ConnectParts
  readonly #supervisor: ConnectorSupervisor
  readonly #directory: ConnectorDirectory
  #workerId = ''

  constructor(parts: ConnectParts) {
    const registry = new ConnectorRegistry(parts.store, parts.clock)
    this.#parts = parts
    this.#supervisor = new ConnectorSupervisor({ ...parts, registry })
    this.#directory = new ConnectorDirectory({ ...parts, registry, supervisor: this.#supervisor })
  }

  /** Runs the connectors of the archive, and these files, until `signal` aborts and everything taken is committed. */
  async run(workerId: string, files: readonly ConnectorFile[], signal: AbortSignal): Promise<void> {
    this.#workerId = workerId
    await this.#supervisor.run(files, signal)
  }

  /** All connectors, sorted by name. */
  async all(): Promise<{ info: ConnectorInfo; status: ConnectorStatus }[]> {
    const all = await this.#directory.all()
    return all.map(({ name, ...found }) => ({ info: this.#info(name, found), status: this.#status(name, found) }))
  }

  async info(name: string): Promise<ConnectorInfo> {
    return this.#info(name, await this.#directory.find(name))
  }

  async status(name: string): Promise<ConnectorStatus> {
    return this.#status(name, await this.#directory.find(name))
  }

  /** What is to say about a configuration before it is given. */
  judge(config: TextConfig): CheckedConnector {
    return this.#directory.judge(config)
  }

  /** Keeps a new connector. Throws ConflictError `connector-exists`, and as ConnectorDirectory.put. */
  async create(name: string, config: TextConfig, target: TargetState): Promise<ConnectorInfo> {
    await this.#directory.put(name, config, (existing) => {
      if (existing !== undefined) throw alreadyExists(name)
      return target
    })
    return this.info(name)
  }

  /** Keeps a connector's configuration, whether there is one of this name or not. Throws as ConnectorDirectory.put. */
  async configure(name: string, config: TextConfig): Promise<{ created: boolean; info: ConnectorInfo }> {
    let created = false
    await this.#directory.put(name, config, (existing) => {
      created = existing === undefined
      return existing?.target ?? 'RUNNING'
    })
    return { created, info: await this.info(name) }
  }

  /** Changes some properties; null takes one away. Errors as `configure`. */
  async patch(name: string, changes: Readonly<Record<string, string | null>>): Promise<ConnectorInfo> {
    const { config } = await this.#directory.find(name)
    const merged = Object.entries({ ...config, ...changes }).filter(
      (entry): entry is [string, string] => entry[1] !== null,
    )
    return (await this.configure(name, Object.fromEntries(merged))).info
  }

  /** Forgets a connector; what it archived stays. */
  async remove(name: string): Promise<void> {
    await this.#directory.change(name, `delete ${name}`, () => [])
  }

  async setTarget(name: string, target: TargetState): Promise<void> {
    await this.#directory.change(name, `${target} ${name}`, (stored) =>
      stored.target === target ? null : [{ ...stored, target }],
    )
  }

  /** Has every instance open the connector's capture anew; answers the status with what is being restarted. */
  async restart(name: string, wish: RestartWish): Promise<ConnectorStatus> {
    const found = await this.#directory.find(name)
    const before = this.#status(name, found)
    if (found.file !== null) this.#supervisor.restartHere(name, wish)
    else
      await this.#directory.change(name, `restart ${name}`, (stored, seq) => [{ ...stored, restart: { seq, ...wish } }])
    return restartingStatus(before, wish)
  }

  /** Restarts a task of this instance: its connector's capture is opened anew. Throws NotFoundError `task-not-found`. */
  async restartTask(name: string, task: string): Promise<void> {
    const { tasks } = await this.status(name)
    if (!tasks.some(({ id }) => String(id) === task)) throw unknownTask(name, task)
    this.#supervisor.restartHere(name, { includeTasks: true, onlyFailed: false })
  }

  /** Topics of the connector that are archived. */
  async topics(name: string): Promise<string[]> {
    return archivedTopics(await this.#archiveOf(await this.#directory.find(name)))
  }

  /** Where the archive stands in them. */
  async offsets(name: string): Promise<PartitionOffset[]> {
    return connectorOffsets(await this.#archiveOf(await this.#directory.find(name)))
  }

  /** Moves partitions of a stopped connector forward. Throws InvalidInputError `connector-not-stopped` and as skipForward. */
  async alterOffsets(name: string, targets: readonly PartitionOffset[]): Promise<void> {
    const archive = await this.#archiveOf(await this.#stopped(name))
    const { clock, log } = this.#parts
    await alterConnectorOffsets({ ...archive, clock, eventLog: await this.#parts.eventLog() }, targets)
    log.warn('offsets were moved forward on request; what was passed over is a gap', { connector: name })
  }

  /** Throws InvalidInputError `connector-not-stopped`, and `offsets-archived` when anything is archived. */
  async resetOffsets(name: string): Promise<void> {
    await resetConnectorOffsets(await this.#archiveOf(await this.#stopped(name)))
  }

  #info(name: string, found: FoundConnector): ConnectorInfo {
    return { name, config: maskSecrets(found.config), tasks: this.#status(name, found).tasks.map(({ id }) => id) }
  }

  #status(name: string, { target }: FoundConnector): ConnectorStatus {
    return connectorStatus(name, this.#workerId, target, this.#supervisor.status(name))
  }

  async #stopped(name: string): Promise<FoundConnector> {
    const found = await this.#directory.find(name)
    if (found.target !== 'STOPPED') throw notStopped(name)
    if (!(await this.#supervisor.rests(name))) throw stillStopping(name)
    return found
  }

  async #archiveOf({ config, file }: FoundConnector): Promise<ConnectorArchive> {
    const { connector, problems } = file === null ? this.judge(config) : { connector: file.connector, problems: [] }
    if (connector === null) throw invalidConfig(problems)
    return { connector, store: await this.#parts.storeOf(connector) }
  }
}
