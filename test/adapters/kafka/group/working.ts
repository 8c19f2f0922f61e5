import assert from 'node:assert/strict'
import type { WorkListener } from '../../../../src/ports/group-membership.ts'

/** A wait that takes longer has failed; it says so instead of hanging. */
const patienceMs = 60_000

/** A listener that remembers what slots it was told, lets go only when the test lets it, and can be waited for. */
export class Working implements WorkListener {
  readonly told: (readonly number[])[] = []
  readonly failures: Error[] = []
  busy = false
  #gate: PromiseWithResolvers<void> | null = null
  #changed = Promise.withResolvers<void>()

  async assigned(slots: readonly number[]): Promise<void> {
    assert.equal(this.busy, false, 'the listener was called before it had resolved')
    this.busy = true
    this.told.push(slots)
    this.#change()
    await this.#gate?.promise
    this.busy = false
    this.#change()
  }

  failed(error: Error): void {
    this.failures.push(error)
    this.#change()
  }

  get slots(): readonly number[] {
    return this.told.at(-1) ?? []
  }

  hold(): void {
    this.#gate = Promise.withResolvers()
  }

  release(): void {
    this.#gate?.resolve()
    this.#gate = null
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    const timer = Promise.withResolvers<never>()
    const seen = (): string => JSON.stringify({ told: this.told, failures: this.failures.map(String) })
    const timeout = setTimeout(() => timer.reject(new Error(`${what} did not come: ${seen()}`)), patienceMs)
    try {
      while (!condition()) await Promise.race([this.#changed.promise, timer.promise])
    } finally {
      clearTimeout(timeout)
    }
  }

  /** Resolves when it has so many slots, and has let go of the others. */
  hasCount(count: number): Promise<void> {
    return this.until(`${count} slots`, () => !this.busy && this.slots.length === count)
  }

  #change(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}
