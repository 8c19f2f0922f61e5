import { Worker } from 'node:worker_threads'
import type { ShardListener, ShardSource } from './archive/shard/shard.ts'
import { ThreadShard } from './archive/shard/thread/thread-shard.ts'
import type { CaptureThreadData } from './capture-thread.ts'

/** The thread's module beside this one: TypeScript when run from source, JavaScript when built. */
const MODULE = new URL(`./capture-thread${import.meta.url.slice(import.meta.url.lastIndexOf('.'))}`, import.meta.url)

/**
 * The threads of one capture. The first is started at once, so that it loads its modules while this thread asks the
 * brokers for the topics; there is always work for one.
 */
export class CaptureThreads implements ShardSource {
  readonly #data: CaptureThreadData
  #first: ThreadShard | null

  constructor(data: CaptureThreadData) {
    this.#data = data
    this.#first = this.#start()
  }

  open(listener: ShardListener): Promise<ThreadShard> {
    const thread = this.#first ?? this.#start()
    this.#first = null
    return thread.open(listener)
  }

  async close(): Promise<void> {
    const unused = this.#first
    this.#first = null
    await unused?.close()
  }

  #start(): ThreadShard {
    return new ThreadShard(new Worker(MODULE, { workerData: this.#data, name: 'coldstream-capture' }))
  }
}
