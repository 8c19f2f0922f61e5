/**
 * Takes from a generator one item ahead: while an item is worked on, the next is being made. An error of the item ahead
 * is kept and thrown when its turn comes, never as an unhandled rejection.
 */
export class Ahead<T> {
  readonly #source: AsyncGenerator<T, void, undefined>
  #pending: Promise<PromiseSettledResult<IteratorResult<T, void>>>

  constructor(source: AsyncGenerator<T, void, undefined>) {
    this.#source = source
    this.#pending = this.#start()
  }

  /** The next item, or null after the last. */
  async next(): Promise<T | null> {
    const result = await this.#pending
    if (result.status === 'rejected') throw result.reason
    if (result.value.done) return null
    this.#pending = this.#start()
    return result.value.value
  }

  /** Waits for what is under way and lets the generator clean up. Errors of an item that nobody took are dropped. */
  async close(): Promise<void> {
    await this.#pending
    await this.#source.return()
  }

  async #start(): Promise<PromiseSettledResult<IteratorResult<T, void>>> {
    const [result] = await Promise.allSettled([this.#source.next()])
    return result
  }
}
