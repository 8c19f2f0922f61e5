import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UnavailableError } from '../../errors.ts'
import { toError } from './errors.ts'
import type { DatabaseSettings, FromChild, ToChild } from './protocol.ts'

/** The child's module beside this one: TypeScript when run from source, JavaScript when built. */
const CHILD_MODULE = new URL(`./child${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url)

/** What the child may print on its way down (a native crash); enough to name the cause. */
const MAX_STDERR_CHARS = 2000

/** A running child and the conversation with it: one question, one answer. */
export class StatementProcess {
  /** Resolves when the process is gone, and its folder with it. */
  readonly gone: Promise<void>
  readonly #child: ChildProcess
  #stderr = ''
  #waiting: { resolve: (answer: FromChild) => void; reject: (error: Error) => void } | null = null
  #ended: Error | null = null

  /** Told now and then how far the work is. */
  onProgress: (share: number) => void = () => undefined

  /** Starts a child that opens its database and then waits; its own folder is made in `temporaryFolder`. */
  static async start(
    temporaryFolder: string,
    settings: Omit<DatabaseSettings, 'spillFolder'>,
  ): Promise<StatementProcess> {
    const spillFolder = await mkdtemp(join(temporaryFolder, 'coldstream-query-'))
    return new StatementProcess({ ...settings, spillFolder })
  }

  /** The child gets no environment: credentials of the service are no business of a statement. */
  private constructor(settings: DatabaseSettings) {
    const folder = settings.spillFolder
    this.#child = fork(fileURLToPath(CHILD_MODULE), [JSON.stringify(settings)], {
      cwd: folder,
      env: {},
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.gone = new Promise<void>((resolve) => this.#child.once('close', () => resolve())).then(() =>
      rm(folder, { recursive: true, force: true }),
    )
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR_CHARS)
    })
    this.#child.on('message', (message: FromChild) => this.#receive(message))
    this.#child.on('error', (error) => this.#end(startFailed(error)))
    this.#child.on('close', (code, signal) => this.#end(this.#crashed(code, signal)))
  }

  /** Whether it can still be asked, as far as is known. */
  get isAlive(): boolean {
    return this.#ended === null
  }

  /** Rejects with the failure as a Coldstream error, also when the child dies or was stopped with a reason. */
  ask(message: ToChild): Promise<FromChild> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) {
        reject(this.#ended)
        return
      }
      this.#waiting = { resolve, reject }
      this.#child.send(message, (error) => {
        if (error !== null) this.#end(startFailed(error))
      })
    })
  }

  /** Ends the child at once; what waits, and every later question, rejects with the first reason there was. */
  kill(reason: Error): void {
    this.#end(reason)
    this.#child.kill('SIGKILL')
  }

  #receive(message: FromChild): void {
    if (message.kind === 'failed') this.#end(toError(message.failure))
    else if (message.kind === 'progress') this.onProgress(message.share)
    else this.#waiting?.resolve(message)
  }

  #end(reason: Error): void {
    this.#ended ??= reason
    this.#waiting?.reject(this.#ended)
    this.#waiting = null
  }

  #crashed(code: number | null, signal: string | null): UnavailableError {
    const how = signal === null ? `with code ${code}` : `by ${signal}`
    const said = this.#stderr.trim() === '' ? '' : ` It said: ${this.#stderr.trim()}`
    return new UnavailableError('query-engine-failed', `The process that ran the statement ended ${how}.${said}`, {
      remedy:
        'The service is not affected. Give the statement less to do (a narrower time window, fewer columns); if the machine is short of memory, lower the memory limit of queries.',
    })
  }
}

function startFailed(cause: Error): UnavailableError {
  return new UnavailableError('query-engine-failed', `The query process cannot be used: ${cause.message}`, {
    cause,
    remedy: 'Check that the machine can start processes and that the temporary folder can be written.',
  })
}
