import { UnavailableError } from '../errors.ts'
import { encodeEntry } from '../format/log-codec.ts'
import type { CommitEntry, IntendEntry, LogEntry } from '../format/log-entry.ts'
import type { Clock } from '../ports/clock.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { ENTRIES_PER_CHECKPOINT } from './checkpoint.ts'
import type { LogKey } from './log-paths.ts'
import { LogReader } from './log-reader.ts'
import { advance, type LogHead } from './log-state.ts'

export interface CommitLogOptions {
  store: ObjectStore
  key: LogKey
  /** Random name of this writer; two writers never share one. */
  writer: string
  clock: Clock
  /** Entries between checkpoints; all writers of a log use the same. */
  entriesPerCheckpoint?: number
}

/** An entry without what the log adds: number, writer, time. */
export type IntendDraft = Omit<IntendEntry, 'kind' | 'seq' | 'writer' | 'at'>
export type CommitDraft = Omit<CommitEntry, 'kind' | 'seq' | 'writer' | 'at'>

/**
 * A partition's commit log in the hands of a writer. Nothing keeps others from writing it too: whoever is told `lost`
 * sees in `head` what won. Not for concurrent calls. When a call fails with UnavailableError its entry may be in the log
 * or not; the next append finds out.
 */
export class CommitLog {
  readonly #options: CommitLogOptions
  readonly #reader: LogReader
  readonly #entriesPerCheckpoint: number
  #head: LogHead

  private constructor(options: CommitLogOptions, reader: LogReader, head: LogHead) {
    this.#options = options
    this.#reader = reader
    this.#entriesPerCheckpoint = options.entriesPerCheckpoint ?? ENTRIES_PER_CHECKPOINT
    this.#head = head
  }

  /** Reads where the log stands; a log without entries is an empty one. Throws DamagedDataError. */
  static async open(options: CommitLogOptions): Promise<CommitLog> {
    const reader = new LogReader(options.store, options.key, options.entriesPerCheckpoint)
    return new CommitLog(options, reader, await reader.headAt(await reader.entries.count()))
  }

  get key(): LogKey {
    return this.#options.key
  }

  /** Where the log stood when it was last read or appended to. */
  get head(): LogHead {
    return this.#head
  }

  /** Reads what others have appended since. */
  async refresh(): Promise<LogHead> {
    const count = await this.#reader.entries.count(this.#head.nextSeq)
    if (count > this.#head.nextSeq) this.#head = await this.#reader.headAt(count)
    return this.#head
  }

  /** Appends an intent; the head must have none open. */
  intend({ from, next, routing, segments, gaps }: IntendDraft): Promise<'appended' | 'lost'> {
    return this.#append({ kind: 'intend', ...this.#entryHead(), from, next, routing, segments, gaps })
  }

  /** Appends the commit of the open intent. That an earlier call did, whose answer was lost, is `appended` too. */
  async commit({ intent, segments, gaps }: CommitDraft): Promise<'appended' | 'lost'> {
    const entry: CommitEntry = { kind: 'commit', ...this.#entryHead(), intent, segments, gaps }
    if ((await this.#append(entry)) === 'appended') return 'appended'
    const there = await this.#reader.entry(entry.seq)
    const isOwn = there.kind === 'commit' && there.writer === entry.writer && there.intent === entry.intent
    return isOwn ? 'appended' : 'lost'
  }

  async #append(entry: LogEntry): Promise<'appended' | 'lost'> {
    const path = this.#reader.entries.path(entry.seq)
    const next = advance(this.#head, entry, path)
    // Before the entry and not after it, so that a failure here leaves nothing half done.
    if (entry.seq > 0 && entry.seq % this.#entriesPerCheckpoint === 0) {
      await this.#reader.writeCheckpoint(entry.seq / this.#entriesPerCheckpoint)
    }
    const outcome = await this.#reader.entries.append(entry.seq, encodeEntry(entry))
    if (outcome === 'appended') {
      this.#head = next
      return outcome
    }
    const head = await this.refresh()
    if (head.nextSeq <= entry.seq) {
      throw new UnavailableError(
        'store-listing-lags',
        `${this.#options.store.url} does not list ${path}, which is there`,
        {
          remedy: 'Use a store whose listings show an object as soon as it is written.',
          details: { object: path },
        },
      )
    }
    return outcome
  }

  #entryHead(): { seq: number; writer: string; at: string } {
    const { writer, clock } = this.#options
    return { seq: this.#head.nextSeq, writer, at: new Date(clock.nowMs()).toISOString() }
  }
}
