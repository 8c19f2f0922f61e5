import { LogReader } from '../../catalog/log-reader.ts'
import { advance, EMPTY_HEAD, type LogHead } from '../../catalog/log-state.ts'
import { unpackGapSet } from '../../format/gap-set.ts'
import type { CommitEntry } from '../../format/log-entry.ts'
import type { ObjectStore } from '../../ports/object-store.ts'

/** Names a partition of one incarnation of a topic in the archive. */
export interface ArchivedPartition {
  topic: string
  incarnation: number
  partition: number
}

/** Offsets that retention deleted before they were archived, as a commit states them. */
export interface Loss extends ArchivedPartition {
  firstOffset: bigint
  /** Inclusive. */
  lastOffset: bigint
}

/** Entries before the end that the first look reads for losses: what was lost while nobody looked is told too. */
const recentEntries = 16
/** A loss that was committed longer ago is no news. */
const recentMs = 24 * 3_600_000

/** Follows a partition's commit log: where the archive stands, and what was lost. One request a look when nothing came. */
export class LogTail {
  readonly #key: ArchivedPartition
  readonly #store: ObjectStore
  readonly #reader: LogReader
  readonly #onLoss: (loss: Loss) => void
  #head: LogHead | null = null

  /** `onLoss` may be told a loss again after a look that failed. */
  constructor(store: ObjectStore, key: ArchivedPartition, onLoss: (loss: Loss) => void) {
    this.#key = key
    this.#store = store
    this.#onLoss = onLoss
    this.#reader = new LogReader(store, key)
  }

  /** Next offset to archive at the last look; null when nothing was. */
  get archived(): bigint | null {
    return this.#head?.archived?.next ?? null
  }

  /** Reads what was appended since the last look. Throws DamagedDataError. */
  async look(nowMs: number): Promise<void> {
    const oldestMs = this.#head === null ? nowMs - recentMs : Number.NEGATIVE_INFINITY
    const { entries } = this.#reader
    let head = this.#head ?? (await this.#beforeRecent())
    for (let path = entries.path(head.nextSeq); (await this.#store.head(path)) !== null; ) {
      const entry = await this.#reader.entry(head.nextSeq)
      head = advance(head, entry, path)
      if (entry.kind === 'commit' && Date.parse(entry.at) >= oldestMs) this.#tellLosses(entry, path)
      path = entries.path(head.nextSeq)
    }
    this.#head = head
  }

  async #beforeRecent(): Promise<LogHead> {
    const count = await this.#reader.entries.count()
    return count <= recentEntries ? EMPTY_HEAD : this.#reader.headAt(count - recentEntries)
  }

  #tellLosses({ gaps }: CommitEntry, path: string): void {
    for (const set of gaps) {
      if (set.reason !== 'retention') continue
      for (const { firstOffset, lastOffset } of unpackGapSet(set, path)) {
        this.#onLoss({ ...this.#key, firstOffset, lastOffset })
      }
    }
  }
}
