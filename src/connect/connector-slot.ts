import type { Connector } from '../archive/connector/connector.ts'
import { ConnectorRun, type RunParts, type RunStatus } from './connector-run.ts'
import type { RestartRequest } from './registry-entry.ts'

/** What a connector shall do on this instance. */
export type Wanted =
  | { kind: 'run'; connector: Connector; revision: number; restart: RestartRequest | null }
  | { kind: 'rest' }
  /** It cannot run here. */
  | { kind: 'fail'; error: unknown }

const resting: Wanted = { kind: 'rest' }

interface CurrentRun {
  run: ConnectorRun
  revision: number
  /** Number of the last restart request that was heeded. */
  restarted: number
}

/** One connector on this instance: brings about what is wanted, one run after the other and never two at once. */
export class ConnectorSlot {
  readonly #parts: RunParts
  #wanted: Wanted = resting
  #current: CurrentRun | null = null
  #settling: Promise<void> | null = null
  /** Tasks of the run before it was paused. */
  #restingTasks = 0

  constructor(parts: RunParts) {
    this.#parts = parts
  }

  /** Whether a run is there, also one that is about to end. */
  get isBusy(): boolean {
    return this.#current !== null
  }

  /** Number of tasks that rest. */
  get restingTasks(): number {
    return this.#restingTasks
  }

  status(): RunStatus {
    if (this.#wanted.kind === 'fail') return { state: 'FAILED', error: this.#wanted.error, tasks: [] }
    return this.#current?.run.status() ?? { state: 'UNASSIGNED', error: null, tasks: [] }
  }

  /** Begins to bring about what is wanted from now on. */
  want(wanted: Wanted): void {
    this.#wanted = wanted
    this.#settle()
  }

  /** Ends the run that is there and begins another, as far as the request applies to it. */
  restart(request: Omit<RestartRequest, 'seq'>): void {
    if (this.#current === null || !applies(request, this.status())) return
    this.#current.revision = -1
    this.#settle()
  }

  /** Resolves when what is wanted has been brought about. */
  async settled(): Promise<void> {
    await this.#settling
  }

  /** Ends what runs; resolves when everything taken is committed. */
  async close(): Promise<void> {
    this.want(resting)
    await this.#settling
  }

  #settle(): void {
    this.#settling ??= this.#bringAbout().finally(() => {
      this.#settling = null
      // something else may have been wanted just as the last look was over
      if (!this.#isSettled()) this.#settle()
    })
  }

  async #bringAbout(): Promise<void> {
    while (!this.#isSettled()) {
      if (this.#current !== null) {
        // a run that had not begun yet leaves the tasks of the one before it
        this.#restingTasks = this.#current.run.status().tasks.length || this.#restingTasks
        await this.#current.run.stop()
        this.#current = null
      }
      // what is wanted may have changed meanwhile
      if (this.#wanted.kind !== 'run') continue
      const { connector, revision, restart } = this.#wanted
      this.#current = { run: ConnectorRun.start(this.#parts, connector), revision, restarted: restart?.seq ?? -1 }
    }
  }

  #isSettled(): boolean {
    if (this.#wanted.kind !== 'run') return this.#current === null
    const { revision, restart } = this.#wanted
    if (this.#current?.revision !== revision) return false
    if (restart === null || restart.seq <= this.#current.restarted) return true
    if (applies(restart, this.#current.run.status())) return false
    this.#current.restarted = restart.seq
    return true
  }
}

/** Connector and tasks are one capture here: it is restarted when either of them is asked for and, with `onlyFailed`, has failed. */
function applies({ includeTasks, onlyFailed }: Omit<RestartRequest, 'seq'>, { state, tasks }: RunStatus): boolean {
  if (!onlyFailed) return true
  return state === 'FAILED' || (includeTasks && tasks.some(({ error }) => error !== null))
}
