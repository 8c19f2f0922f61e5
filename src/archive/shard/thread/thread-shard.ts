import type { Worker } from 'node:worker_threads'
import { UnavailableError } from '../../../errors.ts'
import type { PartitionOrder, PartitionPlace, PartitionStatus, Shard, ShardListener } from '../shard.ts'
import { fromErrorMessage } from './error-message.ts'
import type { FromThread, ToThread } from './messages.ts'

/** A shard on a thread of its own, in which `serveShard` answers. */
export class ThreadShard implements Shard {
  readonly #worker: Worker
  /** Null until it is opened: what a thread tells before is that it is ready, or that it ended. */
  #listener: ShardListener | null = null
  readonly #ready = Promise.withResolvers<void>()
  readonly #calls = new Map<number, PromiseWithResolvers<void>>()
  readonly #exited = Promise.withResolvers<void>()
  #lastCall = 0
  #isClosing = false
  #status: readonly PartitionStatus[] = []
  #ended: Error | null = null

  /** Listens to the thread from now on: one that is ready, or fails, before it is opened is not missed. */
  constructor(worker: Worker) {
    this.#worker = worker
    // told to whoever opens it
    this.#ready.promise.catch(() => undefined)
    worker.on('message', (message: FromThread) => this.#receive(message))
    worker.on('error', (error) => this.#end(error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', (code) => {
      this.#end(threadEnded(code))
      this.#exited.resolve()
    })
  }

  /** Resolves when the thread can be given work. Throws what kept it from starting. */
  async open(listener: ShardListener): Promise<this> {
    await this.#ready.promise
    this.#listener = listener
    return this
  }

  take(orders: readonly PartitionOrder[]): Promise<void> {
    return this.#call((call) => ({ kind: 'take', call, orders }))
  }

  release(places: readonly PartitionPlace[]): Promise<void> {
    return this.#call((call) => ({ kind: 'release', call, places }))
  }

  limitMemory(maxBytes: number): void {
    this.#send({ kind: 'limit-memory', maxBytes })
  }

  status(): readonly PartitionStatus[] {
    return this.#status
  }

  async close(): Promise<void> {
    // a thread that died was reported, and has nothing left to commit
    if (this.#ended !== null) return
    this.#isClosing = true
    if (this.#listener === null) {
      // it was never given work, and may not even have begun to listen
      await this.#worker.terminate()
      return
    }
    await this.#call((call) => ({ kind: 'close', call }))
    await this.#exited.promise
  }

  #call(build: (call: number) => ToThread): Promise<void> {
    if (this.#ended !== null) return Promise.reject(this.#ended)
    const call = ++this.#lastCall
    const answered = Promise.withResolvers<void>()
    this.#calls.set(call, answered)
    this.#send(build(call))
    return answered.promise
  }

  #send(message: ToThread): void {
    this.#worker.postMessage(message)
  }

  #receive(message: FromThread): void {
    switch (message.kind) {
      case 'ready':
        this.#ready.resolve()
        return
      case 'status':
        this.#status = message.partitions
        return
      case 'committed':
        this.#listener?.committed(message.range)
        return
      case 'finished':
        this.#listener?.finished(message.place)
        return
      case 'failed':
        this.#listener?.failed(message.place, fromErrorMessage(message.error))
        return
      case 'answer': {
        const waiting = this.#calls.get(message.call)
        this.#calls.delete(message.call)
        if (message.error === null) waiting?.resolve()
        else waiting?.reject(fromErrorMessage(message.error))
      }
    }
  }

  /** The thread is gone: in good order if it was told to end and nothing waits for it. */
  #end(error: Error): void {
    if (this.#ended !== null) return
    this.#ended = error
    this.#ready.reject(error)
    for (const waiting of this.#calls.values()) waiting.reject(error)
    this.#calls.clear()
    if (!this.#isClosing) this.#listener?.failed(null, error)
  }
}

function threadEnded(code: number): UnavailableError {
  return new UnavailableError('capture-thread-ended', `a thread of the capture ended with code ${code}`, {
    remedy: 'Nothing is lost: what was not committed is read again. Look at the log for the reason, often memory.',
  })
}
