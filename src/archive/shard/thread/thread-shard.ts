import type { MessagePort } from 'node:worker_threads'
import type { PartitionOrder, PartitionPlace, PartitionStatus, Shard, ShardListener } from '../shard.ts'
import { fromErrorMessage } from './error-message.ts'
import type { FromShard, ToShard } from './messages.ts'

/** A shard on another thread, at the other end of a port, where `serveShard` answers. */
export class ThreadShard implements Shard {
  /** Resolves when nothing of it is left on its thread. */
  readonly gone: Promise<void>
  readonly #port: MessagePort
  /** Null until it is opened: what a shard tells before is whether it is ready. */
  #listener: ShardListener | null = null
  readonly #ready = Promise.withResolvers<void>()
  readonly #calls = new Map<number, PromiseWithResolvers<void>>()
  readonly #gone = Promise.withResolvers<void>()
  #lastCall = 0
  #isClosing = false
  #status: readonly PartitionStatus[] = []
  #ended: Error | null = null

  /** Listens from now on: one that is ready, or refused, before it is opened is not missed. */
  constructor(port: MessagePort) {
    this.#port = port
    this.gone = this.#gone.promise
    // told to whoever opens it
    this.#ready.promise.catch(() => undefined)
    port.on('message', (message: FromShard) => this.#receive(message))
    port.on('close', () => {
      // else its thread has died, and is about to say so
      if (this.#isClosing && this.#calls.size === 0) this.#gone.resolve()
    })
  }

  /** Resolves when it can be given work. Throws what kept it from being opened. */
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

  status(): readonly PartitionStatus[] {
    return this.#status
  }

  /** Resolves when its connections are closed too. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#ready.promise.catch(() => undefined)
    // one that was refused, or whose thread died, was reported, and has nothing left to commit
    if (this.#ended !== null) return
    await this.#call((call) => ({ kind: 'close', call }))
    await this.#gone.promise
  }

  /** Says that there will be no more of it: its thread ended, or could not open it. */
  end(error: Error): void {
    if (this.#ended !== null) return
    this.#ended = error
    this.#port.close()
    this.#gone.resolve()
    this.#ready.reject(error)
    for (const waiting of this.#calls.values()) waiting.reject(error)
    this.#calls.clear()
    if (!this.#isClosing) this.#listener?.failed(null, error)
  }

  #call(build: (call: number) => ToShard): Promise<void> {
    if (this.#ended !== null) return Promise.reject(this.#ended)
    const call = ++this.#lastCall
    const answered = Promise.withResolvers<void>()
    this.#calls.set(call, answered)
    this.#port.postMessage(build(call))
    return answered.promise
  }

  #receive(message: FromShard): void {
    switch (message.kind) {
      case 'ready':
        this.#ready.resolve()
        return
      case 'refused':
        this.end(fromErrorMessage(message.error))
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
}
