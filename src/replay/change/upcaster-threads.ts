import { InvalidInputError } from '../../errors.ts'
import type { ToUpcaster } from './thread/messages.ts'
import type { UpcasterFile } from './upcaster-files.ts'
import { type BatchOutcome, UpcasterHost, type UpcasterLimits } from './upcaster-host.ts'
import { checkSameUpcaster, type UpcasterIdentity } from './upcaster-identity.ts'

interface Job {
  /** Made when a thread is free, so that few batches are in memory. */
  batch: () => ToUpcaster
  outcome: PromiseWithResolvers<BatchOutcome>
}

/** Threads of one upcaster; more of them are started while batches wait. */
export class UpcasterThreads {
  readonly identity: UpcasterIdentity
  readonly #file: UpcasterFile
  readonly #limits: UpcasterLimits & { threads: number }
  /** Also those that are loading or busy. */
  readonly #hosts = new Set<UpcasterHost>()
  readonly #idle: UpcasterHost[] = []
  readonly #waiting: Job[] = []
  #loading = 0
  #failure: Error | null = null

  /** Throws InvalidInputError `upcaster-broken`, ConflictError `upcaster-changed`. */
  static async open(
    file: UpcasterFile,
    limits: UpcasterLimits & { threads: number },
    expected: UpcasterIdentity | null,
  ): Promise<UpcasterThreads> {
    const host = new UpcasterHost(file, limits)
    try {
      const identity = await identityOf(host, file)
      if (expected !== null) checkSameUpcaster(expected, identity)
      return new UpcasterThreads(file, limits, identity, host)
    } catch (error) {
      await host.close()
      throw error
    }
  }

  private constructor(
    file: UpcasterFile,
    limits: UpcasterLimits & { threads: number },
    identity: UpcasterIdentity,
    host: UpcasterHost,
  ) {
    this.#file = file
    this.#limits = limits
    this.identity = identity
    this.#hosts.add(host)
    this.#take(host)
  }

  /** Runs a batch as soon as a thread is free. Throws what the threads failed by. */
  run(batch: () => ToUpcaster): Promise<BatchOutcome> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    const outcome = Promise.withResolvers<BatchOutcome>()
    this.#waiting.push({ batch, outcome })
    this.#dispatch()
    return outcome.promise
  }

  /** From now on nothing is run; what waits throws the error. */
  fail(error: Error): void {
    this.#failure ??= error
    for (const { outcome } of this.#waiting.splice(0)) outcome.reject(this.#failure)
  }

  /** Ends all threads; what is being run or waits throws the error. */
  async close(error: Error): Promise<void> {
    this.fail(error)
    await Promise.all([...this.#hosts].map((host) => host.close()))
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && this.#idle.length > 0) this.#give(this.#idle.pop()!, this.#waiting.shift()!)
    while (this.#waiting.length > this.#loading && this.#hosts.size < this.#limits.threads) void this.#start()
  }

  #give(host: UpcasterHost, job: Job): void {
    void host.run(job.batch()).then((outcome) => {
      if (outcome.kind === 'done') this.#idle.push(host)
      else this.#hosts.delete(host)
      // before the answer is read, so that the thread has work meanwhile
      this.#dispatch()
      if (outcome.kind === 'stopped' && this.#failure !== null) job.outcome.reject(this.#failure)
      else job.outcome.resolve(outcome)
    })
  }

  async #start(): Promise<void> {
    const host = new UpcasterHost(this.#file, this.#limits)
    this.#hosts.add(host)
    this.#loading += 1
    try {
      checkSameUpcaster(this.identity, await identityOf(host, this.#file))
      this.#take(host)
    } catch (error) {
      this.#hosts.delete(host)
      this.fail(error instanceof Error ? error : new Error(String(error)))
      await host.close()
    } finally {
      this.#loading -= 1
    }
    this.#dispatch()
  }

  #take(host: UpcasterHost): void {
    this.#idle.push(host)
    host.onLeftBehind((problem) => {
      this.fail(
        new InvalidInputError(
          'upcaster-stopped',
          `The upcaster ${this.identity.name} leaves work behind that no event waits for, and it failed: ${problem}`,
          { remedy: 'Let upcast only compute: no timers, promises or I/O.', details: { upcaster: this.identity.name } },
        ),
      )
    })
  }
}

async function identityOf(host: UpcasterHost, { name }: UpcasterFile): Promise<UpcasterIdentity> {
  const { version, sha256 } = await host.load()
  return { name, version, sha256 }
}
