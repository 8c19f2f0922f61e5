import type { CommitEntry, IntendEntry } from '../format/log-entry.ts'
import type { Clock } from '../ports/clock.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { LogKey } from './log-paths.ts'
import type { LogHead } from './log-state.ts'

export interface CommitLogOptions {
  store: ObjectStore
  key: LogKey
  /** Random name of this writer; two writers never share one. */
  writer: string
  clock: Clock
}

/** An entry without what the log adds: number, writer, time. */
export type IntendDraft = Omit<IntendEntry, 'kind' | 'seq' | 'writer' | 'at'>
export type CommitDraft = Omit<CommitEntry, 'kind' | 'seq' | 'writer' | 'at'>

export class CommitLog {
  readonly #options: CommitLogOptions
  #head: LogHead

  private constructor(options: CommitLogOptions, head: LogHead) {
    this.#options = options
    this.#head = head
  }

  /** Reads where the log stands; a log without entries is an empty one. */
  static async open(options: CommitLogOptions): Promise<CommitLog> {
    return new CommitLog(options, { nextSeq: 0, archived: null, openIntent: null })
  }

  get key(): LogKey {
    return this.#options.key
  }

  get head(): LogHead {
    return this.#head
  }

  async refresh(): Promise<LogHead> {
    throw new Error('not written yet')
  }

  async intend(_draft: IntendDraft): Promise<'appended' | 'lost'> {
    throw new Error('not written yet')
  }

  async commit(_draft: CommitDraft): Promise<'appended' | 'lost'> {
    throw new Error('not written yet')
  }
}
