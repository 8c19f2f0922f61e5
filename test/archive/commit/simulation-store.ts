import { UnavailableError } from '../../../src/errors.ts'
import type { ListOptions, ObjectInfo, ObjectStore } from '../../../src/ports/object-store.ts'
import type { MemoryStore } from '../../catalog/memory-store.ts'
import type { Actor, Scheduler } from './simulation-scheduler.ts'
import { toyRows } from './toy-segment.ts'

/** Ways to break the store or the protocol, each of which the simulation has to find. */
export type Sabotage = 'none' | 'upload-before-intent' | 'log-overwrites' | 'upload-forgotten' | 'no-empty-fence'

/** The objects that all actors share, and how likely a request goes wrong. */
export interface World {
  store: MemoryStore
  /** Empty segments, when these are told but not kept. */
  unfenced: MemoryStore
  scheduler: Scheduler
  sabotage: Sabotage
  /** Probability that a request fails before it has an effect, or after: as failure, or as a repeated request's answer. */
  faultRate: number
}

/** The store as one actor sees it: every request waits at a gate before its effect and before its answer. */
export class StoreView implements ObjectStore {
  readonly url = 'simulated://archive'
  readonly #world: World
  readonly #actor: Actor

  constructor(world: World, actor: Actor) {
    this.#world = world
    this.#actor = actor
  }

  get(path: string): Promise<Buffer> {
    return this.#request(() => this.#holder(path).get(path))
  }

  getRange(path: string, start: number, end: number): Promise<Buffer> {
    return this.#request(() => this.#holder(path).getRange(path, start, end))
  }

  head(path: string): Promise<ObjectInfo | null> {
    return this.#request(() => this.#holder(path).head(path))
  }

  async *list(prefix: string, options?: ListOptions): AsyncGenerator<ObjectInfo> {
    yield* await this.#request(() => Array.fromAsync(this.#world.store.list(prefix, options)))
  }

  folders(folder: string): Promise<string[]> {
    return this.#request(() => this.#world.store.folders(folder))
  }

  async createIfAbsent(path: string, chunks: readonly Uint8Array[]): Promise<'created' | 'exists'> {
    const { scheduler, faultRate } = this.#world
    const outcome = await this.#request(() => this.#create(path, Buffer.concat(chunks)))
    // The client's own retry after a lost answer meets the object that the first try made.
    return outcome === 'created' && scheduler.random.chance(faultRate) ? 'exists' : outcome
  }

  delete(path: string): Promise<void> {
    return this.#world.store.delete(path)
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  async #create(path: string, bytes: Buffer): Promise<'created' | 'exists'> {
    const { store, unfenced, sabotage, scheduler } = this.#world
    if (path.startsWith('log/')) {
      if (sabotage === 'log-overwrites') store.put(path, bytes)
      return sabotage === 'log-overwrites' ? 'created' : store.createIfAbsent(path, [bytes])
    }
    if (sabotage === 'no-empty-fence' && toyRows(bytes).length === 0) return unfenced.createIfAbsent(path, [bytes])
    if (sabotage === 'upload-forgotten' && scheduler.random.chance(0.2)) return 'created'
    return store.createIfAbsent(path, [bytes])
  }

  #holder(path: string): MemoryStore {
    const { store, unfenced } = this.#world
    return store.objects.has(path) ? store : unfenced
  }

  async #request<T>(effect: () => Promise<T>): Promise<T> {
    const { scheduler, faultRate } = this.#world
    await scheduler.gate(this.#actor)
    if (scheduler.random.chance(faultRate)) throw unavailable('before')
    const answer = await effect().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    await scheduler.gate(this.#actor)
    if (scheduler.random.chance(faultRate)) throw unavailable('after')
    if ('error' in answer) throw answer.error
    return answer.value
  }
}

function unavailable(when: string): UnavailableError {
  return new UnavailableError('store-unavailable', `the simulated store failed ${when} the effect`, {
    remedy: 'Try again.',
  })
}
