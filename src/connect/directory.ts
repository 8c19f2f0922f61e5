import { isDeepStrictEqual } from 'node:util'
import type { CheckedConnector } from '../archive/connector/parse.ts'
import type { Environment } from '../archive/connector/properties.ts'
import { listArchivedTopics } from '../catalog/snapshot.ts'
import { ColdstreamError } from '../errors.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { Log } from '../ports/log.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { type Claim, claimOf, refuseOverlap } from './claims.ts'
import { invalidConfig, judgeConfig, type TextConfig } from './judge.ts'
import { isAFile, notFound } from './refusals.ts'
import type { ConnectorRegistry } from './registry.ts'
import type { StoredConnector, TargetState } from './registry-entry.ts'
import type { ConnectorFile, ConnectorSupervisor } from './supervisor.ts'

/** A connector wherever it is kept; `file` is null for one that the archive keeps. */
export interface FoundConnector {
  config: TextConfig
  target: TargetState
  file: ConnectorFile | null
}

export interface DirectoryParts {
  registry: ConnectorRegistry
  supervisor: ConnectorSupervisor
  /** Where the connectors are kept. */
  store: ObjectStore
  isStoreConfigured: boolean
  environment: Environment
  log: Log
  /** Connects to the broker on first use. */
  eventLog(): Promise<EventLog>
}

/** Finds connectors, those of files and those of the archive, and changes the latter; what is changed is run at once. */
export class ConnectorDirectory {
  readonly #parts: DirectoryParts

  constructor(parts: DirectoryParts) {
    this.#parts = parts
  }

  /** Looks into the registry; then all there are, sorted by name. */
  async all(): Promise<(FoundConnector & { name: string })[]> {
    const { registry, supervisor } = this.#parts
    await registry.refresh()
    const files = supervisor.files.map(({ connector }) => connector.name)
    const names = [...new Set([...registry.connectors.keys(), ...files])].sort()
    return names.map((name) => ({ name, ...this.#known(name) }))
  }

  /** Throws NotFoundError `connector-not-found`. */
  async find(name: string): Promise<FoundConnector> {
    if (this.#file(name) === null) await this.#parts.registry.refresh()
    return this.#known(name)
  }

  /** What is to say about a configuration. */
  judge(config: TextConfig): CheckedConnector {
    return judgeConfig(config, this.#parts.environment)
  }

  /**
   * Puts what `edit` answers in the place of a connector; null: it is so already. Throws NotFoundError
   * `connector-not-found`, ConflictError `connector-is-a-file`.
   */
  async change(
    name: string,
    change: string,
    edit: (stored: StoredConnector, seq: number) => StoredConnector[] | null,
  ): Promise<void> {
    this.#refuseFile(name)
    await this.#parts.registry.change(change, (all, seq) => {
      const stored = all.get(name)
      if (stored === undefined) throw notFound(name)
      const edited = edit(stored, seq)
      return edited && [...[...all.values()].filter((other) => other !== stored), ...edited]
    })
    this.#parts.supervisor.apply()
  }

  /**
   * Keeps a configuration; `targetOf` answers what the connector shall do, or throws to refuse. Throws InvalidInputError
   * `connector-invalid`, ConflictError `connectors-overlap`, `connector-is-a-file`.
   */
  async put(
    name: string,
    config: TextConfig,
    targetOf: (existing: StoredConnector | undefined) => TargetState,
  ): Promise<void> {
    this.#refuseFile(name)
    const { connector, problems } = this.judge(config)
    if (connector === null) throw invalidConfig(problems)
    const { isStoreConfigured, registry, supervisor } = this.#parts
    const claim = claimOf(config, { isStoreConfigured })
    const known = await this.#topicsFor(claim)
    let isNews = false
    await registry.change(`configure ${name}`, (all, seq) => {
      const existing = all.get(name)
      const target = targetOf(existing)
      const others = [...all.values()].filter((other) => other !== existing)
      const claims = others.map((other) => claimOf(other.config, { isStoreConfigured }))
      refuseOverlap(claim, [...claims, ...supervisor.fileClaims()], known)
      isNews = !isDeepStrictEqual(existing?.config, config)
      return isNews ? [...others, { name, config, target, configured: seq, restart: existing?.restart ?? null }] : null
    })
    if (isNews) supervisor.announce(connector)
    supervisor.apply()
  }

  #file(name: string): ConnectorFile | null {
    return this.#parts.supervisor.files.find(({ connector }) => connector.name === name) ?? null
  }

  #refuseFile(name: string): void {
    const file = this.#file(name)
    if (file !== null) throw isAFile(name, file.file)
  }

  /** As of the last look into the registry. */
  #known(name: string): FoundConnector {
    const file = this.#file(name)
    if (file !== null) return { config: textsOf(file.config), target: 'RUNNING', file }
    const stored = this.#parts.registry.connectors.get(name)
    if (stored === undefined) throw notFound(name)
    return { config: stored.config, target: stored.target, file: null }
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
