import { isDeepStrictEqual } from 'node:util'
import type { Connector } from '../archive/connector/connector.ts'
import type { CheckedConnector } from '../archive/connector/parse.ts'
import { maskSecrets } from '../archive/connector/secrets.ts'
import { listArchivedTopics } from '../catalog/snapshot.ts'
import { ColdstreamError } from '../errors.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { type Claim, claimOf, refuseOverlap } from './claims.ts'
import {
  alterConnectorOffsets,
  archivedTopics,
  type ConnectorArchive,
  connectorOffsets,
  resetConnectorOffsets,
} from './connector-offsets.ts'
import { invalidConfig, judgeConfig, type TextConfig } from './judge.ts'
import type { PartitionOffset } from './offsets.ts'
import { alreadyExists, isAFile, notFound, notStopped, stillStopping, unknownTask } from './refusals.ts'
import { ConnectorRegistry } from './registry.ts'
import type { RestartRequest, StoredConnector, TargetState } from './registry-entry.ts'
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

/** A connector wherever it is kept; `file` is null for one that the archive keeps. */
interface Found {
  config: TextConfig
  target: TargetState
  file: ConnectorFile | null
}

type RestartWish = Omit<RestartRequest, 'seq'>

/**
 * Connectors as Kafka Connect knows them: kept in the archive, the same for every instance, run by each. Whoever asks sees
 * what any instance has changed so far. Throws NotFoundError `connector-not-found` for a name that is not there.
 */
export class ConnectService {
  readonly #parts: ConnectParts
  readonly #registry: ConnectorRegistry
  readonly #supervisor: ConnectorSupervisor
  #workerId = ''

  constructor(parts: ConnectParts) {
    this.#parts = parts
    this.#registry = new ConnectorRegistry(parts.store, parts.clock)
    this.#supervisor = new ConnectorSupervisor({ ...parts, registry: this.#registry })
  }

  /** Runs the connectors of the archive, and these files, until `signal` aborts and everything taken is committed. */
  async run(workerId: string, files: readonly ConnectorFile[], signal: AbortSignal): Promise<void> {
    this.#workerId = workerId
    await this.#supervisor.run(files, signal)
  }

  /** Names, sorted. */
  async names(): Promise<string[]> {
    await this.#registry.refresh()
    return this.#knownNames()
  }

  /** All connectors, sorted by name. */
  async all(): Promise<{ info: ConnectorInfo; status: ConnectorStatus }[]> {
    await this.#registry.refresh()
    return this.#knownNames().map((name) => {
      const found = this.#known(name)
      return { info: this.#info(name, found), status: this.#status(name, found) }
    })
  }

  async info(name: string): Promise<ConnectorInfo> {
    return this.#info(name, await this.#find(name))
  }

  async status(name: string): Promise<ConnectorStatus> {
    return this.#status(name, await this.#find(name))
  }

  /** What is to say about a configuration before it is given. */
  judge(config: TextConfig): CheckedConnector {
    return judgeConfig(config, this.#parts.environment)
  }

  /** Keeps a new connector. Throws ConflictError `connector-exists`, `connectors-overlap`; InvalidInputError `connector-invalid`. */
  async create(name: string, config: TextConfig, target: TargetState): Promise<ConnectorInfo> {
    await this.#put(name, config, (existing) => {
      if (existing !== undefined) throw alreadyExists(name)
      return target
    })
    return this.info(name)
  }

  /** Keeps a connector's configuration, whether there is one of this name or not. Errors as `create`. */
  async configure(name: string, config: TextConfig): Promise<{ created: boolean; info: ConnectorInfo }> {
    let created = false
    await this.#put(name, config, (existing) => {
      created = existing === undefined
      return existing?.target ?? 'RUNNING'
    })
    return { created, info: await this.info(name) }
  }

  /** Changes some properties; null takes one away. Errors as `create`. */
  async patch(name: string, changes: Readonly<Record<string, string | null>>): Promise<ConnectorInfo> {
    const { config } = await this.#find(name)
    const merged = Object.entries({ ...config, ...changes }).filter(
      (entry): entry is [string, string] => entry[1] !== null,
    )
    return (await this.configure(name, Object.fromEntries(merged))).info
  }

  /** Forgets a connector; what it archived stays. */
  async remove(name: string): Promise<void> {
    await this.#change(name, `delete ${name}`, () => [])
  }

  async setTarget(name: string, target: TargetState): Promise<void> {
    await this.#change(name, `${target} ${name}`, (stored) =>
      stored.target === target ? null : [{ ...stored, target }],
    )
  }

  /** Has every instance open the connector's capture anew; answers the status with what is being restarted. */
  async restart(name: string, wish: RestartWish): Promise<ConnectorStatus> {
    const found = await this.#find(name)
    const before = this.#status(name, found)
    if (found.file !== null) this.#supervisor.restartHere(name, wish)
    else await this.#change(name, `restart ${name}`, (stored, seq) => [{ ...stored, restart: { seq, ...wish } }])
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
    return archivedTopics(await this.#archiveOf(await this.#find(name)))
  }

  /** Where the archive stands in them. */
  async offsets(name: string): Promise<PartitionOffset[]> {
    return connectorOffsets(await this.#archiveOf(await this.#find(name)))
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

  async #find(name: string): Promise<Found> {
    if (this.#file(name) === null) await this.#registry.refresh()
    return this.#known(name)
  }

  #knownNames(): string[] {
    const files = this.#supervisor.files.map(({ connector }) => connector.name)
    return [...new Set([...this.#registry.connectors.keys(), ...files])].sort()
  }

  /** As of the last look into the registry. */
  #known(name: string): Found {
    const file = this.#file(name)
    if (file !== null) return { config: textsOf(file.config), target: 'RUNNING', file }
    const stored = this.#registry.connectors.get(name)
    if (stored === undefined) throw notFound(name)
    return { config: stored.config, target: stored.target, file: null }
  }

  #file(name: string): ConnectorFile | null {
    return this.#supervisor.files.find(({ connector }) => connector.name === name) ?? null
  }

  #refuseFile(name: string): void {
    const file = this.#file(name)
    if (file !== null) throw isAFile(name, file.file)
  }

  #info(name: string, found: Found): ConnectorInfo {
    return { name, config: maskSecrets(found.config), tasks: this.#status(name, found).tasks.map(({ id }) => id) }
  }

  #status(name: string, { target }: Found): ConnectorStatus {
    return connectorStatus(name, this.#workerId, target, this.#supervisor.status(name))
  }

  async #stopped(name: string): Promise<Found> {
    const found = await this.#find(name)
    if (found.target !== 'STOPPED') throw notStopped(name)
    if (!(await this.#supervisor.rests(name))) throw stillStopping(name)
    return found
  }

  async #archiveOf({ config, file }: Found): Promise<ConnectorArchive> {
    const { connector, problems } = file === null ? this.judge(config) : { connector: file.connector, problems: [] }
    if (connector === null) throw invalidConfig(problems)
    return { connector, store: await this.#parts.storeOf(connector) }
  }

  /** Puts what `edit` answers in the place of a connector; null: it is so already. */
  async #change(
    name: string,
    change: string,
    edit: (stored: StoredConnector, seq: number) => StoredConnector[] | null,
  ): Promise<void> {
    this.#refuseFile(name)
    const connectors = await this.#registry.change(change, (all, seq) => {
      const stored = all.get(name)
      if (stored === undefined) throw notFound(name)
      const edited = edit(stored, seq)
      return edited && [...[...all.values()].filter((other) => other !== stored), ...edited]
    })
    this.#supervisor.apply(connectors)
  }

  async #put(
    name: string,
    config: TextConfig,
    targetOf: (existing: StoredConnector | undefined) => TargetState,
  ): Promise<void> {
    this.#refuseFile(name)
    const { connector, problems } = this.judge(config)
    if (connector === null) throw invalidConfig(problems)
    const { isStoreConfigured } = this.#parts
    const claim = claimOf(config, { isStoreConfigured })
    const known = await this.#topicsFor(claim)
    const connectors = await this.#registry.change(`configure ${name}`, (all, seq) => {
      const existing = all.get(name)
      const target = targetOf(existing)
      const others = [...all.values()].filter((other) => other !== existing)
      const claims = others.map((other) => claimOf(other.config, { isStoreConfigured }))
      refuseOverlap(claim, [...claims, ...this.#supervisor.fileClaims()], known)
      if (isDeepStrictEqual(existing?.config, config)) return null
      return [...others, { name, config, target, configured: seq, restart: existing?.restart ?? null }]
    })
    this.#supervisor.announce(connector)
    this.#supervisor.apply(connectors)
  }

  /** Names of topics on which two patterns can be tried: those of the broker, if it can be reached, and of the archive. */
  async #topicsFor(claim: Claim): Promise<string[]> {
    if (claim.topicsRegex === null) return []
    const archived = await listArchivedTopics(this.#parts.store)
    try {
      return [...archived, ...(await (await this.#parts.eventLog()).listTopics())]
    } catch (error) {
      if (!(error instanceof ColdstreamError)) throw error
      this.#parts.log.warn('patterns of connectors were compared on archived topics only', { error: error.message })
      return archived
    }
  }
}

function textsOf(config: Readonly<Record<string, unknown>>): TextConfig {
  return Object.fromEntries(Object.entries(config).map(([name, value]) => [name, String(value)]))
}
