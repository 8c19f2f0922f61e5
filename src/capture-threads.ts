import { Worker } from 'node:worker_threads'
import type { Connector } from './archive/connector/connector.ts'
import type { ShardSource } from './archive/shard/shard.ts'
import { chooseThread } from './archive/shard/spread.ts'
import { ShardThread } from './archive/shard/thread/shard-thread.ts'
import type { ThreadShard } from './archive/shard/thread/thread-shard.ts'
import type { CaptureThreadData, ShardRequest } from './capture-thread.ts'
import type { Log } from './ports/log.ts'
import type { StoreAddress } from './stores.ts'

/** The thread's module beside this one: TypeScript when run from source, JavaScript when built. */
const MODULE = new URL(`./capture-thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url)

export interface CaptureThreadsOptions extends CaptureThreadData {
  /** Threads at most. */
  threads: number
  /** Memory that the segments of all captures together may hold. */
  memoryMaxBytes: number
  log: Log
}

type Thread = ShardThread<ShardRequest>

/**
 * The threads of all captures of this process. They start as they are needed and serve whoever comes next; one that dies is
 * replaced when the next shard is asked for. Those that have shards share the memory evenly.
 */
export class CaptureThreads {
  readonly #options: CaptureThreadsOptions
  readonly #startWorker: (data: CaptureThreadData) => Worker
  readonly #threads: Thread[] = []

  constructor(options: CaptureThreadsOptions, startWorker = startCaptureThread) {
    this.#options = options
    this.#startWorker = startWorker
  }

  /**
   * The shards of one capture. The first is asked for at once, so that a thread that has to start loads its modules while
   * this one asks the brokers for the topics; there is always work for one.
   */
  shardsOf(connector: Connector, store: StoreAddress): ShardSource {
    const used = new Set<Thread>()
    const openNext = (): ThreadShard => {
      const thread = this.#choose(used)
      used.add(thread)
      const shard = thread.serve({ connector, store }, () => this.#shareMemory())
      this.#shareMemory()
      return shard
    }
    let first: ThreadShard | null = openNext()
    return {
      open(listener) {
        const shard = first ?? openNext()
        first = null
        return shard.open(listener)
      },
      async close() {
        const unused = first
        first = null
        await unused?.close()
      },
    }
  }

  /** Ends the threads. Captures that still run fail. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.close()))
  }

  /** `used`: those that serve the same capture already. */
  #choose(used: ReadonlySet<Thread>): Thread {
    const loads = this.#threads.map((thread) => ({ isOwn: used.has(thread), shards: thread.shards }))
    const chosen = chooseThread(loads, this.#options.threads)
    return chosen === null ? this.#start() : this.#threads[chosen]!
  }

  #start(): Thread {
    const { kafka, logLevel, log } = this.#options
    const thread: Thread = new ShardThread(this.#startWorker({ kafka, logLevel }), (error) => {
      const index = this.#threads.indexOf(thread)
      if (index >= 0) this.#threads.splice(index, 1)
      log.error('a capture thread is gone', { error: error.message, shards: thread.shards })
      this.#shareMemory()
    })
    this.#threads.push(thread)
    return thread
  }

  /** Gives each thread that has shards its part of the memory. */
  #shareMemory(): void {
    const busy = this.#threads.filter(({ shards }) => shards > 0)
    for (const thread of busy) thread.limitMemory(Math.floor(this.#options.memoryMaxBytes / busy.length))
  }
}

function startCaptureThread(data: CaptureThreadData): Worker {
  return new Worker(MODULE, { workerData: data, name: 'coldstream-capture' })
}
