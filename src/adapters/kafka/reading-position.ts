import type { ReadPosition, TopicIdentity } from '../../ports/event-log.ts'
import type { FetchPosition } from './fetch.ts'

const firstPauseMs = 50
const longestPauseMs = 1_000
/** So many failures must have been seen before reading is given up, however long the reader was not asked meanwhile. */
const leastFailures = 5

/** One partition of a reader: how far it was read, who leads it, and how it fares. */
export class ReadingPosition {
  readonly identity: TopicIdentity
  readonly partition: number
  offset: bigint
  /** Epoch of the record before `offset`; -1 when not known. */
  lastEpoch: number
  /** Node id of the leader; -1 when it has to be looked up. */
  leader = -1
  leaderEpoch = -1
  paused = false
  /** A request for it is on its way. */
  busy = false
  #failures = 0
  #failingSinceMs = 0
  #retryAtMs = 0

  constructor(position: ReadPosition) {
    this.identity = { topic: position.topic, incarnationId: position.incarnationId }
    this.partition = position.partition
    this.offset = position.offset
    this.lastEpoch = position.epoch
  }

  get name(): string {
    return `partition ${this.partition} of topic '${this.identity.topic}'`
  }

  /** When it may be asked for again, on the clock of `performance.now`. */
  get retryAtMs(): number {
    return this.#retryAtMs
  }

  /** How long it has failed without a success; 0 when it has not. */
  failingForMs(nowMs: number): number {
    return this.#failures === 0 ? 0 : nowMs - this.#failingSinceMs
  }

  ready(nowMs: number): boolean {
    return !this.paused && !this.busy && nowMs >= this.#retryAtMs
  }

  succeeded(): void {
    this.#failures = 0
    this.#retryAtMs = 0
  }

  /** Notes a failure, after which it pauses longer each time. True when it failed for longer than `limitMs`. */
  failed(nowMs: number, limitMs: number): boolean {
    if (this.#failures === 0) this.#failingSinceMs = nowMs
    this.#retryAtMs = nowMs + Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(this.#failures, 10))
    this.#failures += 1
    return this.#failures >= leastFailures && this.failingForMs(nowMs) > limitMs
  }

  /** Forgets failures but keeps the pause: whoever reads on after an error gets the whole time again. */
  startAfresh(): void {
    this.#failures = 0
  }

  request(): FetchPosition {
    return {
      topicId: this.identity.incarnationId,
      partition: this.partition,
      offset: this.offset,
      leaderEpoch: this.leaderEpoch,
      lastEpoch: this.lastEpoch,
    }
  }
}
