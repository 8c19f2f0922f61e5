import type { Capture, RunOptions, TaskStatus } from '../archive/capture.ts'
import type { Connector } from '../archive/connector/connector.ts'
import { AbortedError } from '../errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'

/** What a run needs of a capture. */
export type RunningCapture = Pick<Capture, 'tasks'> & {
  run(options: RunOptions, signal: AbortSignal): Promise<unknown>
}

export interface RunParts {
  clock: Clock
  log: Log
  /** As Services.openCapture. */
  openCapture(connector: Connector, signal: AbortSignal): Promise<RunningCapture>
}

/** How a connector fares on this instance. */
export interface RunStatus {
  /** UNASSIGNED: its capture is being opened. FAILED: it stopped, and will be opened again after a pause. */
  state: 'UNASSIGNED' | 'RUNNING' | 'FAILED'
  /** What stopped it. */
  error: unknown
  tasks: readonly TaskStatus[]
}

/** Wait before a capture that failed is opened again. */
const firstRetryMs = 1_000
const lastRetryMs = 60_000

/**
 * Keeps a connector's capture running from `start` to `stop`: what stops it is logged, and it is opened again after pauses that
 * grow, going on from its last commit.
 */
export class ConnectorRun {
  readonly #parts: RunParts
  readonly #connector: Connector
  readonly #stop = new AbortController()
  readonly #ended: Promise<void>
  #capture: RunningCapture | null = null
  #lastTasks: readonly TaskStatus[] = []
  #failure: { error: unknown } | null = null

  private constructor(parts: RunParts, connector: Connector) {
    this.#parts = parts
    this.#connector = connector
    this.#ended = this.#keepRunning(this.#stop.signal)
  }

  static start(parts: RunParts, connector: Connector): ConnectorRun {
    return new ConnectorRun(parts, connector)
  }

  status(): RunStatus {
    if (this.#capture !== null) {
      this.#lastTasks = this.#capture.tasks()
      return { state: 'RUNNING', error: null, tasks: this.#lastTasks }
    }
    if (this.#failure === null) return { state: 'UNASSIGNED', error: null, tasks: [] }
    const { error } = this.#failure
    const asError = error instanceof Error ? error : new Error(String(error))
    return { state: 'FAILED', error, tasks: this.#lastTasks.map((task) => ({ ...task, error: task.error ?? asError })) }
  }

  /** Ends the capture; resolves when everything it took is committed, or cannot be. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#ended
  }

  async #keepRunning(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts
    let retryMs = firstRetryMs
    while (!signal.aborted) {
      const begunAtMs = clock.nowMs()
      try {
        await this.#runOnce(signal)
      } catch (error) {
        const fields = {
          connector: this.#connector.name,
          error: error instanceof Error ? error.message : String(error),
        }
        if (signal.aborted) {
          if (error !== signal.reason && !(error instanceof AbortedError))
            log.error('the capture did not end in good order', fields)
          return
        }
        this.#failure = { error }
        // one that ran well for a while failed for a new reason
        if (clock.nowMs() - begunAtMs > lastRetryMs) retryMs = firstRetryMs
        log.error('the capture stopped and will be opened again', { ...fields, retryMs })
      }
      await clock.sleep(retryMs, signal).catch((interrupted: unknown) => {
        if (!signal.aborted) throw interrupted
      })
      retryMs = Math.min(retryMs * 2, lastRetryMs)
    }
  }

  async #runOnce(signal: AbortSignal): Promise<void> {
    this.#capture = await this.#parts.openCapture(this.#connector, signal)
    this.#failure = null
    try {
      await this.#capture.run({ untilEnd: false }, signal)
    } finally {
      this.#lastTasks = this.#capture.tasks()
      this.#capture = null
    }
  }
}
