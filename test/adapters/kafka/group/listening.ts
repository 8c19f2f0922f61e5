import assert from 'node:assert/strict'
import type { AssignedPartition, GroupListener } from '../../../../src/ports/group-membership.ts'

/** A wait that takes longer has failed; it says so instead of hanging. */
const patienceMs = 60_000

interface Waiter {
  condition: () => boolean
  resolve: () => void
}

/** A listener that remembers what it was told, lets go only when the test lets it, and can be waited for. */
export class Listening implements GroupListener {
  /** Every share it was told, in order, as sorted `topic/partition`. */
  readonly told: string[][] = []
  readonly failures: Error[] = []
  /** What it may be at work on: the last share, and what it has not let go of. */
  held: string[] = []
  latest: readonly AssignedPartition[] = []
  busy = false
  #gate: PromiseWithResolvers<void> | null = null
  #waiters: Waiter[] = []

  async assigned(partitions: readonly AssignedPartition[]): Promise<void> {
    assert.equal(this.busy, false, 'the listener was called before it had resolved')
    this.busy = true
    const share = names(partitions)
    this.latest = partitions
    this.told.push(share)
    this.held = [...new Set([...this.held, ...share])].sort()
    this.#look()
    await this.#gate?.promise
    this.held = share
    this.busy = false
    this.#look()
  }

  failed(error: Error): void {
    this.failures.push(error)
    this.#look()
  }

  /** From now on a change is being taken in until `release`. */
  hold(): void {
    this.#gate = Promise.withResolvers()
  }

  release(): void {
    this.#gate?.resolve()
    this.#gate = null
  }

  /** Resolves when the condition holds after anything was told. */
  async until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter = { condition, resolve }
    this.#waiters.push(waiter)
    const seen = (): string => JSON.stringify({ told: this.told, failures: this.failures.map(String) })
    const timer = setTimeout(() => reject(new Error(`${what} did not come: ${seen()}`)), patienceMs)
    await promise.finally(() => clearTimeout(timer))
  }

  /** Resolves when it has exactly these, `topic/partition`, and nothing left to let go of. */
  has(...share: string[]): Promise<void> {
    const wanted = [...share].sort().join()
    return this.until(`the share ${wanted}`, () => !this.busy && this.told.at(-1)?.join() === wanted)
  }

  /** Resolves when it has so many, and nothing left to let go of. */
  hasCount(count: number): Promise<void> {
    return this.until(`a share of ${count}`, () => !this.busy && this.held.length === count)
  }

  #look(): void {
    const ready = this.#waiters.filter(({ condition }) => condition())
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter))
    for (const { resolve } of ready) resolve()
  }
}

function names(partitions: readonly AssignedPartition[]): string[] {
  return partitions.map(({ topic, partition }) => `${topic}/${partition}`).sort()
}

/** `topic/0` to `topic/<count - 1>`. */
export function all(topic: string, count: number): string[] {
  return Array.from({ length: count }, (_, partition) => `${topic}/${partition}`)
}
