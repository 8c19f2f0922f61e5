/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  /** A whole number from `low` to `high`, both inclusive. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  pick<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)]!
  }
}

/** A simulated process: it stands at gates, and may be killed or stopped there. */
export class Actor {
  readonly name: string
  /** Never resumed again. */
  isDead = false
  /** Not resumed before this step. */
  asleepUntil = 0
  readonly gates: (() => void)[] = []

  constructor(name: string) {
    this.name = name
  }
}

/** Lets one actor go one step at a time, in an order that the seed decides. */
export class Scheduler {
  readonly random: Random
  step = 0
  readonly #actors: Actor[] = []

  constructor(random: Random) {
    this.random = random
  }

  spawn(name: string, life: (actor: Actor) => Promise<void>): Actor {
    const actor = new Actor(name)
    this.#actors.push(actor)
    void this.gate(actor).then(() => life(actor))
    return actor
  }

  /** Resolves when it is the actor's turn; never when it is killed. */
  gate(actor: Actor): Promise<void> {
    return new Promise((resolve) => {
      actor.gates.push(resolve)
    })
  }

  get actors(): readonly Actor[] {
    return this.#actors
  }

  /** Actors that have something to do and could. */
  get living(): Actor[] {
    return this.#actors.filter(({ isDead, gates }) => !isDead && gates.length > 0)
  }

  /** Lets a random one of `able` go up to its next gate; false when none can. */
  async advance(able: readonly Actor[]): Promise<boolean> {
    this.step++
    const awake = able.filter(
      ({ asleepUntil, isDead, gates }) => asleepUntil <= this.step && !isDead && gates.length > 0,
    )
    if (awake.length === 0) return false
    const { gates } = this.random.pick(awake)
    const [open] = gates.splice(this.random.between(0, gates.length - 1), 1)
    open!()
    // All that follows from it happens in microtasks: what is awaited is either done or stands at a gate.
    await new Promise((resolve) => setImmediate(resolve))
    return true
  }
}
