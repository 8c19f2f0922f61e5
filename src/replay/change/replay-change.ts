import type { OutgoingRecord } from '../../format/record-batch/index.ts'
import type { RowBatch } from '../../format/row-batch.ts'
import type { Clock } from '../../ports/clock.ts'
import type { StoredReplay } from '../run/stored-replay.ts'
import { deadLetter } from './dead-letter.ts'
import { type OpenUpcaster, openUpcaster, type UpcasterSettings } from './open-upcaster.ts'
import { openRowChange, type RowChange } from './row-change.ts'

/** Where the rows of a partition go that cannot be changed, and as what. */
export interface DeadLetters {
  topic: string
  letter: (rows: RowBatch, row: number, reason: string) => OutgoingRecord
}

/** What happens to a replay's records on their way on this instance; its shares use it side by side. */
export class ReplayChange {
  readonly #replay: Pick<StoredReplay, 'id' | 'job'>
  readonly #upcaster: OpenUpcaster | null
  readonly #clock: Clock

  private constructor(replay: Pick<StoredReplay, 'id' | 'job'>, upcaster: OpenUpcaster | null, clock: Clock) {
    this.#replay = replay
    this.#upcaster = upcaster
    this.#clock = clock
  }

  /** Loads the replay's upcaster, if it has one, which must be the one that it began with. Throws what openUpcaster throws. */
  static async open(
    replay: Pick<StoredReplay, 'id' | 'job' | 'upcaster'>,
    settings: UpcasterSettings,
    clock: Clock,
  ): Promise<ReplayChange> {
    const name = replay.job.transform?.upcaster ?? null
    const upcaster = name === null ? null : await openUpcaster(name, settings, replay.upcaster)
    return new ReplayChange(replay, upcaster, clock)
  }

  /** Of the upcaster; null without one. */
  get identity(): StoredReplay['upcaster'] {
    return this.#upcaster?.identity ?? null
  }

  /** Null when nothing changes. */
  of(topic: string, partition: number): RowChange | null {
    return openRowChange(this.#replay.job.transform, { replay: this.#replay.id, topic, partition }, this.#upcaster)
  }

  /** Null when there is no topic for them: the first one stops the replay. */
  deadLettersOf(topic: string, partition: number): DeadLetters | null {
    const deadLetterTopic = this.#replay.job.transform?.deadLetterTopic ?? null
    const upcaster = this.identity
    if (deadLetterTopic === null || upcaster === null) return null
    const origin = { replay: this.#replay.id, topic, partition, upcaster }
    return {
      topic: deadLetterTopic,
      letter: (rows, row, reason) => deadLetter(rows, row, reason, origin, Math.floor(this.#clock.nowMs())),
    }
  }

  async close(): Promise<void> {
    await this.#upcaster?.close()
  }
}
