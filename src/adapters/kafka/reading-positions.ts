import type { ReadPosition } from '../../ports/event-log.ts'
import { ReadingPosition } from './reading-position.ts'

/** The partitions of a reader, in the order in which the next fetches ask for them: who delivered last comes last. */
export class ReadingPositions {
  #all: ReadingPosition[] = []

  /** Throws RangeError for a partition that is there already. */
  add(positions: readonly ReadPosition[]): void {
    for (const { topic, partition } of positions) {
      if (this.named(topic, partition).length > 0) throw new RangeError(`${topic}-${partition} is read already`)
    }
    this.#all.push(...positions.map((position) => new ReadingPosition(position)))
  }

  named(topic: string, partition: number): ReadingPosition[] {
    return this.#all.filter((position) => position.identity.topic === topic && position.partition === partition)
  }

  /** Whether it was not removed while a request for it was on its way. */
  has(position: ReadingPosition): boolean {
    return this.#all.includes(position)
  }

  remove(position: ReadingPosition): void {
    this.#all = this.#all.filter((other) => other !== position)
  }

  moveToEnd(position: ReadingPosition): void {
    this.#all = [...this.#all.filter((other) => other !== position), position]
  }

  ready(nowMs: number): ReadingPosition[] {
    return this.#all.filter((position) => position.ready(nowMs))
  }

  /** How many brokers lead any of them. */
  leaders(): number {
    return new Set(this.#all.flatMap(({ leader }) => (leader < 0 ? [] : [leader]))).size
  }

  /** When the next pause after a failure is over, on the clock of `performance.now`; Infinity when there is none. */
  nextRetryMs(nowMs: number): number {
    return Math.min(...this.#all.map((position) => position.retryAtMs).filter((atMs) => atMs > nowMs))
  }
}
