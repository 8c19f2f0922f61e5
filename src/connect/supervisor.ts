import type { Connector } from '../archive/connector/connector.ts'
import { checkConnector } from '../archive/connector/parse.ts'
import type { Environment } from '../archive/connector/properties.ts'
import { InvalidInputError } from '../errors.ts'
import { type Claim, claimOf, refuseOverlap } from './claims.ts'
import type { RunParts, RunStatus } from './connector-run.ts'
import { ConnectorSlot, type Wanted } from './connector-slot.ts'
import type { ConnectorRegistry } from './registry.ts'
import type { RestartRequest, StoredConnector } from './registry-entry.ts'

/** A connector that was given as a file: it runs on this instance, and is changed by changing the file. */
export interface ConnectorFile {
  file: string
  /** Flat, `name` inside. */
  config: Readonly<Record<string, unknown>>
  connector: Connector
}

export interface SupervisorParts extends RunParts {
  registry: ConnectorRegistry
  /** Wait between two looks at what other instances have changed. */
  pollIntervalMs: number
  /** Whether all connectors write to one archive, whatever store they name. */
  isStoreConfigured: boolean
  environment: Environment
}

/** How long a request waits for what a connector took to be committed. */
const restPatienceMs = 5_000

/** Runs the connectors that the archive keeps, and those that were given as files, on this instance. */
export class ConnectorSupervisor {
  readonly #parts: SupervisorParts
  readonly #slots = new Map<string, ConnectorSlot>()
  #files: readonly ConnectorFile[] = []
  #isRunning = false
  #lookFailure: string | null = null

  constructor(parts: SupervisorParts) {
    this.#parts = parts
  }

  /** Those that were given as files. */
  get files(): readonly ConnectorFile[] {
    return this.#files
  }

  /** Runs the connectors until `signal` aborts and everything that was taken is committed. */
  async run(files: readonly ConnectorFile[], signal: AbortSignal): Promise<void> {
    this.#files = files
    this.#isRunning = true
    for (const { connector } of files) {
      this.announce(connector)
      this.#slot(connector.name).want({ kind: 'run', connector: silent(connector), revision: 0, restart: null })
    }
    await Promise.all([this.#follow(signal), this.#closeWhen(signal)])
  }

  /** Says once what of a connector is ignored or read otherwise than the sink would. */
  announce({ name, warnings }: Pick<Connector, 'name' | 'warnings'>): void {
    for (const warning of warnings) this.#parts.log.warn(warning, { connector: name })
  }

  /** Brings about what the registry said at the last look. */
  apply(): void {
    if (!this.#isRunning) return
    const { connectors } = this.#parts.registry
    const own = new Set(this.#files.map(({ connector }) => connector.name))
    for (const stored of connectors.values()) {
      if (!own.has(stored.name)) this.#slot(stored.name).want(this.#wanted(stored))
    }
    for (const [name, slot] of this.#slots) {
      if (own.has(name) || connectors.has(name)) continue
      slot.want({ kind: 'rest' })
      if (!slot.isBusy) this.#slots.delete(name)
    }
  }

  /** How a connector fares here. */
  status(name: string): RunStatus & { restingTasks: number } {
    const slot = this.#slots.get(name)
    if (slot === undefined) return { state: 'UNASSIGNED', error: null, tasks: [], restingTasks: 0 }
    return { ...slot.status(), restingTasks: slot.restingTasks }
  }

  /** Waits a moment for a connector that is wanted to rest; whether it does then. */
  async rests(name: string): Promise<boolean> {
    const slot = this.#slots.get(name)
    if (!slot?.isBusy) return true
    const enough = new AbortController()
    await Promise.race([slot.settled(), this.#parts.clock.sleep(restPatienceMs, enough.signal)])
    enough.abort()
    return !slot.isBusy
  }

  /** Restarts a connector on this instance only. */
  restartHere(name: string, request: Omit<RestartRequest, 'seq'>): void {
    this.#slots.get(name)?.restart(request)
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { clock, pollIntervalMs } = this.#parts
    while (!signal.aborted) {
      await this.#look()
      await clock.sleep(pollIntervalMs, signal).catch((interrupted: unknown) => {
        if (!signal.aborted) throw interrupted
      })
    }
  }

  /** Does not wait for a look at a store that may be out of reach. */
  async #closeWhen(signal: AbortSignal): Promise<void> {
    if (!signal.aborted) await new Promise((done) => signal.addEventListener('abort', done, { once: true }))
    this.#isRunning = false
    await Promise.all([...this.#slots.values()].map((slot) => slot.close()))
  }

  async #look(): Promise<void> {
    const { registry, log } = this.#parts
    try {
      await registry.refresh()
      this.apply()
      this.#lookFailure = null
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      // told once, not at every look; what runs goes on
      if (message !== this.#lookFailure)
        log.error('the connectors that the archive keeps could not be read', { error: message })
      this.#lookFailure = message
    }
  }

  #slot(name: string): ConnectorSlot {
    const slot = this.#slots.get(name) ?? new ConnectorSlot(this.#parts)
    this.#slots.set(name, slot)
    return slot
  }

  #wanted({ name, config, target, configured, restart }: StoredConnector): Wanted {
    if (target !== 'RUNNING') return { kind: 'rest' }
    const { environment, isStoreConfigured } = this.#parts
    try {
      refuseOverlap(claimOf(config, { isStoreConfigured }), this.fileClaims(), [])
      const { connector, problems } = checkConnector(config, environment)
      if (connector !== null) return { kind: 'run', connector: silent(connector), revision: configured, restart }
      throw cannotRunHere(
        name,
        problems.map(({ property, message }) => `${property}: ${message}`),
      )
    } catch (error) {
      return { kind: 'fail', error }
    }
  }

  /** What the connectors that were given as files take. */
  fileClaims(): Claim[] {
    const { isStoreConfigured } = this.#parts
    return this.#files.map(({ config, file }) => claimOf(config, { isStoreConfigured, file }))
  }
}

/** Its warnings have been said. */
function silent(connector: Connector): Connector {
  return { ...connector, warnings: [] }
}

function cannotRunHere(name: string, problems: readonly string[]): InvalidInputError {
  return new InvalidInputError(
    'connector-invalid',
    `connector ${name} cannot run on this instance: ${problems.join('; ')}`,
    {
      remedy:
        'Give the instance what is named (an environment variable, a newer version), or correct the configuration.',
      details: { problems },
    },
  )
}
