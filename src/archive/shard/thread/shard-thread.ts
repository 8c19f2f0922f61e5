import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads'
import { UnavailableError } from '../../../errors.ts'
import type { ToThread } from './messages.ts'
import { ThreadShard } from './thread-shard.ts'

/** A thread that serves any number of shards, each at a port of its own. It keeps no process from ending. */
export class ShardThread<Request> {
  readonly #worker: Worker
  readonly #shards = new Set<ThreadShard>()
  readonly #exited = Promise.withResolvers<void>()
  #isClosing = false
  #hasEnded = false

  /** `onEnd` is told when it ends without having been closed; its shards are told too. */
  constructor(worker: Worker, onEnd: (error: UnavailableError) => void) {
    this.#worker = worker
    worker.unref()
    const end = (error: UnavailableError): void => {
      if (this.#hasEnded) return
      this.#hasEnded = true
      if (!this.#isClosing) onEnd(error)
      for (const shard of this.#shards) shard.end(error)
    }
    worker.on('error', (error: unknown) => end(threadFailed(error)))
    worker.on('exit', (code) => {
      end(threadEnded(code))
      this.#exited.resolve()
    })
  }

  /** Shards that it serves now. */
  get shards(): number {
    return this.#shards.size
  }

  /** Has it serve another shard; `onGone` is told when nothing of that is left on the thread. */
  serve(request: Request, onGone: () => void): ThreadShard {
    const { port1, port2 } = new MessageChannel()
    const shard = new ThreadShard(port1)
    this.#shards.add(shard)
    void shard.gone.then(() => {
      this.#shards.delete(shard)
      onGone()
    })
    this.#send({ kind: 'serve', request, port: port2 }, [port2])
    return shard
  }

  limitMemory(maxBytes: number): void {
    this.#send({ kind: 'limit-memory', maxBytes })
  }

  /** Ends it. Shards that it still serves die with it. */
  async close(): Promise<void> {
    if (this.#hasEnded) return
    this.#isClosing = true
    // its end is waited for, which only a process that goes on can do
    this.#worker.ref()
    if (this.#shards.size === 0) this.#send({ kind: 'end' })
    else await this.#worker.terminate()
    await this.#exited.promise
  }

  #send(message: ToThread<Request>, transferred: MessagePort[] = []): void {
    this.#worker.postMessage(message, transferred)
  }
}

const remedy =
  'Nothing is lost: what was not committed is read again. Look at the log for the reason, often memory; capture.memoryMaxBytes lowers what is held.'

function threadFailed(error: unknown): UnavailableError {
  const reason = error instanceof Error ? error.message : String(error)
  return new UnavailableError('capture-thread-ended', `a capture thread failed: ${reason}`, { remedy, cause: error })
}

function threadEnded(code: number): UnavailableError {
  return new UnavailableError('capture-thread-ended', `a capture thread ended with code ${code}`, { remedy })
}
