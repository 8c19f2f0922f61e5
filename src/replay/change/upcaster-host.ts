import { basename } from 'node:path'
import { createInterface } from 'node:readline'
import { Worker } from 'node:worker_threads'
import { InvalidInputError } from '../../errors.ts'
import type { Log } from '../../ports/log.ts'
import type { Frames } from './frames.ts'
import { allDone, type FromUpcaster, notBegun, type ToUpcaster, type UpcasterDescription } from './thread/messages.ts'
import type { UpcasterThreadData } from './thread/upcaster-thread.ts'
import type { UpcasterFile } from './upcaster-files.ts'

/** What an upcaster may take, and who hears what it prints. */
export interface UpcasterLimits {
  /** Milliseconds that one event may take. */
  timeLimitMs: number
  /** Memory of one thread's JavaScript objects; what Buffers hold is not counted. */
  maxMemoryBytes: number
  log: Log
}

/** What came of a batch: the changed rows, or the row at which the thread ended, if it had begun one. */
export type BatchOutcome = { kind: 'done'; frames: Frames } | { kind: 'stopped'; row: number | null; reason: string }

/** The thread's module: TypeScript when run from source, JavaScript when built. */
const MODULE = new URL(
  `./thread/upcaster-thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`,
  import.meta.url,
)

/** So often within the time limit is looked whether the thread has got on: looks, not a clock, survive a suspended machine. */
const looksPerLimit = 4
/** Loading takes no longer, however short an event's time is. */
const minLoadMs = 10_000
const maxPrintedLines = 100

/** A thread that holds one upcaster and is given a batch at a time. */
export class UpcasterHost {
  readonly #file: UpcasterFile
  readonly #limits: UpcasterLimits
  readonly #worker: Worker
  readonly #position = new Int32Array(new SharedArrayBuffer(4))
  readonly #loaded = Promise.withResolvers<UpcasterDescription>()
  #batch: PromiseWithResolvers<BatchOutcome> | null = null
  #look: NodeJS.Timeout | undefined
  #isLoaded = false
  #ended: string | null = null
  #leftBehind: ((problem: string) => void) | null = null

  /** Listens to the thread from now on, so that nothing that it tells is missed. */
  constructor(file: UpcasterFile, limits: UpcasterLimits) {
    this.#file = file
    this.#limits = limits
    const data: UpcasterThreadData = { ...file, position: this.#position.buffer }
    this.#worker = new Worker(MODULE, {
      workerData: data,
      name: 'coldstream-upcaster',
      // what the process is configured with, secrets among it, is none of its business
      env: {},
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(limits.maxMemoryBytes / 2 ** 20) },
    })
    this.#worker.on('message', (message: FromUpcaster) => this.#receive(message))
    this.#worker.on('error', (error) => this.#end(reasonOf(error, limits)))
    this.#worker.on('exit', (code) =>
      this.#end(`it ended its thread with code ${code}${this.#isLoaded ? '' : ' while it was loaded'}`),
    )
    this.#listen()
  }

  /** Resolves when batches can be run. Throws InvalidInputError `upcaster-broken` with the module's problems. */
  async load(): Promise<UpcasterDescription> {
    const limitMs = Math.max(minLoadMs, this.#limits.timeLimitMs)
    const timer = setTimeout(() => this.#stop(`it has not loaded after ${limitMs} ms`), limitMs)
    try {
      return await this.#loaded.promise
    } finally {
      clearTimeout(timer)
    }
  }

  /** Calls back when something fails, or ends the thread, that no event waits for: a timer, a promise. */
  onLeftBehind(callback: (problem: string) => void): void {
    this.#leftBehind = callback
  }

  /** Gives the thread a batch; its frames are gone then. One at a time. */
  run(batch: ToUpcaster): Promise<BatchOutcome> {
    if (this.#ended !== null) return Promise.resolve({ kind: 'stopped', row: null, reason: this.#ended })
    this.#batch = Promise.withResolvers()
    Atomics.store(this.#position, 0, notBegun)
    this.#worker.postMessage(batch, [batch.frames.buffer])
    this.#watch(notBegun, 0)
    return this.#batch.promise
  }

  /** Ends the thread, whatever it does. */
  async close(): Promise<void> {
    if (this.#ended !== null) return
    this.#end('it was closed')
    await this.#worker.terminate()
  }

  #receive(message: FromUpcaster): void {
    switch (message.kind) {
      case 'ready':
        this.#isLoaded = true
        this.#loaded.resolve(message.description)
        return
      case 'broken':
        this.#loaded.reject(broken(this.#file.name, message.problems))
        return
      case 'done':
        clearTimeout(this.#look)
        this.#batch?.resolve({ kind: 'done', frames: message.frames })
        this.#batch = null
        return
      case 'left-behind':
        if (this.#isLoaded) this.#leftBehind?.(message.problem)
        else this.#loaded.reject(broken(this.#file.name, [message.problem]))
    }
  }

  #watch(seen: number, unchanged: number): void {
    this.#look = setTimeout(() => {
      const position = Atomics.load(this.#position, 0)
      // its answer is on the way
      if (position === allDone || position !== seen) this.#watch(position, 0)
      else if (unchanged + 1 < looksPerLimit) this.#watch(position, unchanged + 1)
      else this.#stop(`time limit: it took more than ${this.#limits.timeLimitMs} ms`)
    }, this.#limits.timeLimitMs / looksPerLimit)
  }

  #stop(reason: string): void {
    this.#end(reason)
    // not waited for: a call into the operating system cannot be cut short
    this.#worker.unref()
    void this.#worker.terminate()
  }

  #end(reason: string): void {
    if (this.#ended !== null) return
    this.#ended = reason
    clearTimeout(this.#look)
    this.#loaded.reject(broken(this.#file.name, [`${basename(this.#file.file)}:1: ${reason}`]))
    // nobody may be waiting for it
    this.#loaded.promise.catch(() => undefined)
    const position = Atomics.load(this.#position, 0)
    if (this.#batch !== null) this.#batch.resolve({ kind: 'stopped', row: position < 0 ? null : position, reason })
    else this.#leftBehind?.(reason)
    this.#batch = null
  }

  /** What the module prints goes to the log instead of among the command's results. */
  #listen(): void {
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) {
      let lines = 0
      createInterface({ input: stream }).on('line', (text) => {
        lines += 1
        if (lines <= maxPrintedLines) {
          this.#limits.log.info('an upcaster printed', { upcaster: this.#file.name, text: text.slice(0, 1000) })
        }
      })
    }
  }
}

function reasonOf(error: unknown, { maxMemoryBytes }: UpcasterLimits): string {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return `memory limit: it needed more than ${Math.ceil(maxMemoryBytes / 2 ** 20)} MiB`
  }
  return `it ended its thread: ${error instanceof Error ? error.message : String(error)}`
}

function broken(name: string, problems: readonly string[]): InvalidInputError {
  return new InvalidInputError('upcaster-broken', `The upcaster ${name} cannot be used:\n  ${problems.join('\n  ')}`, {
    remedy: 'Correct the module; docs/upcasters.md says what it has to be.',
    details: { problems },
  })
}
