import type { AssignedPartition, GroupListener } from '../../../ports/group-membership.ts'

/**
 * Tells a listener what its member has, one change at a time: of changes that come while one is being taken in, only the
 * newest is told. Until the listener has let go of a partition, the member still holds it and reports it to the group.
 */
export class AssignmentDelivery {
  readonly #listener: GroupListener
  readonly #settled: () => void
  readonly #failed: (error: unknown) => void
  #target: readonly AssignedPartition[] = []
  #told: readonly AssignedPartition[] = []
  #held: readonly AssignedPartition[] = []
  #telling: Promise<void> | null = null
  #state: 'not-begun' | 'open' | 'closed' = 'not-begun'

  /** `settled` is called whenever the listener has taken in a change, `failed` when it could not. */
  constructor(listener: GroupListener, settled: () => void, failed: (error: unknown) => void) {
    this.#listener = listener
    this.#settled = settled
    this.#failed = failed
  }

  /** What the listener may be at work on: all that it was told last, and what it has not let go of yet. */
  get held(): readonly AssignedPartition[] {
    return this.#held
  }

  /** Begins to tell; targets that came before are kept until then. */
  begin(): void {
    if (this.#state === 'not-begun') this.#state = 'open'
    this.#tell()
  }

  /** What the member has from now on. */
  deliver(target: readonly AssignedPartition[]): void {
    this.#target = target
    this.#tell()
  }

  /** The group gave everything to others; resolves when the listener has let go of it. */
  async lost(): Promise<void> {
    this.deliver([])
    await this.#telling
  }

  /** Tells nothing more; resolves when the listener has finished what it is at. */
  async close(): Promise<void> {
    this.#state = 'closed'
    await this.#telling
  }

  #tell(): void {
    if (!this.#pending || this.#telling !== null) return
    this.#telling = this.#tellAll().finally(() => {
      this.#telling = null
    })
  }

  get #pending(): boolean {
    return this.#state === 'open' && !isSame(this.#told, this.#target)
  }

  async #tellAll(): Promise<void> {
    try {
      while (this.#pending) {
        const target = this.#target
        this.#told = target
        this.#held = union(this.#held, target)
        await this.#listener.assigned(target)
        this.#held = target
        this.#settled()
      }
    } catch (error) {
      this.#state = 'closed'
      this.#failed(error)
    }
  }
}

/** One text for one partition of one incarnation. */
function keyOf({ incarnationId, partition }: AssignedPartition): string {
  return `${incarnationId}/${partition}`
}

function isSame(one: readonly AssignedPartition[], other: readonly AssignedPartition[]): boolean {
  const keys = new Set(one.map(keyOf))
  return one.length === other.length && other.every((partition) => keys.has(keyOf(partition)))
}

function union(one: readonly AssignedPartition[], other: readonly AssignedPartition[]): AssignedPartition[] {
  return [...new Map([...one, ...other].map((partition) => [keyOf(partition), partition])).values()]
}
