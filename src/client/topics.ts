import type { Caller, CallOptions } from './call.ts'

/** What is archived of a topic. Offsets and counts of them are decimal strings. */
export interface ArchivedTopic {
  topic: string
  /** Of the latest incarnation. */
  partitions: number
  /** How many topics of this name were archived, one after the other. */
  incarnations: number
  segments: number
  records: number
  bytes: number
  firstTimestamp: string | null
  lastTimestamp: string | null
  /** Offsets that retention, truncation or corruption took. */
  lostOffsets: string
}

export interface ArchivedPartition {
  incarnation: number
  partition: number
  /** First archived offset; null: none. */
  from: string | null
  /** Offset after the last archived one; null: none. */
  next: string | null
  gaps: { reason: string; firstOffset: string; lastOffset: string; offsets: string }[]
}

/** `/v1/topics`: what the archive holds. */
export class Topics {
  readonly #caller: Caller

  constructor(caller: Caller) {
    this.#caller = caller
  }

  async list(options: CallOptions = {}): Promise<ArchivedTopic[]> {
    const path = ['v1', 'topics']
    const { topics } = await this.#caller.json<{ topics: ArchivedTopic[] }>({ method: 'GET', path, ...options })
    return topics
  }

  /** Throws ProblemError `topic-not-archived`. */
  get(topic: string, options: CallOptions = {}): Promise<ArchivedTopic & { archived: ArchivedPartition[] }> {
    return this.#caller.json({ method: 'GET', path: ['v1', 'topics', topic], ...options })
  }
}
