import { DamagedDataError, NotFoundError } from '../errors.ts'
import { decodeEntry } from '../format/log-codec.ts'
import type { LogEntry } from '../format/log-entry.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import {
  type Checkpoint,
  checkpointPath,
  checkpointsUpTo,
  checkpointWidth,
  decodeCheckpoint,
  ENTRIES_PER_CHECKPOINT,
  encodeCheckpoint,
  join,
} from './checkpoint.ts'
import { concurrently } from './concurrently.ts'
import { type LogKey, logPrefix } from './log-paths.ts'
import { advance, EMPTY_HEAD, impossible, type LogHead, type LogState } from './log-state.ts'
import { NumberedLog } from './numbered-log.ts'

/** Requests under way at once for one log. */
const CONCURRENCY = 16

/** Reads a partition's log from the store; keeps nothing. */
export class LogReader {
  readonly entries: NumberedLog
  readonly #store: ObjectStore
  readonly #prefix: string
  readonly #blockEntries: number

  constructor(store: ObjectStore, key: LogKey, blockEntries = ENTRIES_PER_CHECKPOINT) {
    this.#store = store
    this.#prefix = logPrefix(key)
    this.#blockEntries = blockEntries
    this.entries = new NumberedLog(store, this.#prefix)
  }

  async entry(seq: number): Promise<LogEntry> {
    const entry = decodeEntry(this.entries.path(seq), await this.entries.read(seq))
    if (entry.seq !== seq) throw impossible(this.entries.path(seq), `it is numbered ${entry.seq}`)
    return entry
  }

  /** Where the log stood after its first `count` entries, from three of them: every entry was checked when it was appended. */
  async headAt(count: number): Promise<LogHead> {
    if (count === 0) return EMPTY_HEAD
    const [first, last] = await Promise.all([this.entry(0), this.entry(count - 1)])
    if (first.kind !== 'intend') throw impossible(this.entries.path(0), 'the first entry is no intent')
    if (last.kind === 'intend') return advance(headBefore(last, first.from), last, this.entries.path(last.seq))
    if (last.intent >= last.seq) throw impossible(this.entries.path(last.seq), 'it commits an intent that comes later')
    const intent = await this.entry(last.intent)
    if (intent.kind !== 'intend') throw impossible(this.entries.path(last.seq), `entry ${last.intent} is no intent`)
    const open = advance(headBefore(intent, first.from), intent, this.entries.path(intent.seq))
    return advance({ ...open, nextSeq: last.seq }, last, this.entries.path(last.seq))
  }

  /** All that the log says now; `known`, what it said before, saves reading that again. */
  async state(known?: LogState): Promise<LogState> {
    const count = await this.entries.count(known?.nextSeq)
    if (known?.nextSeq === count) return known
    const isNear = known !== undefined && known.nextSeq < count && count - known.nextSeq <= this.#blockEntries
    const whole = isNear ? await this.#foldOnto(known, count) : await this.#read(count)
    this.#refuseRepeatedPaths(whole)
    return { ...whole.head, segments: whole.segments, gaps: whole.gaps }
  }

  async #foldOnto({ segments, gaps, ...head }: LogState, count: number): Promise<Checkpoint> {
    const before: Checkpoint = { firstSeq: 0, nextBefore: null, head, segments, gaps }
    return join(before, await this.#fold(head, count), this.entries.path(count))
  }

  async #read(count: number): Promise<Checkpoint> {
    const blocks = Math.floor(count / this.#blockEntries)
    const needed = checkpointsUpTo(blocks)
    const spans = await concurrently(needed, CONCURRENCY, (k) => this.checkpoint(k))
    let whole: Checkpoint = { firstSeq: 0, nextBefore: null, head: EMPTY_HEAD, segments: [], gaps: [] }
    for (const [i, span] of spans.entries()) whole = join(whole, span, this.#checkpointPath(needed[i]!))
    return join(whole, await this.#fold(whole.head, count), this.entries.path(count))
  }

  /** The checkpoint after block `k`, or what it would say when it is absent or damaged. */
  async checkpoint(k: number): Promise<Checkpoint> {
    return (await this.#storedCheckpoint(k)) ?? this.computeCheckpoint(k)
  }

  /** The checkpoint after block `k`, from the smaller ones within its span and the entries of its last block. */
  async computeCheckpoint(k: number): Promise<Checkpoint> {
    const lastBlock = (k - 1) * this.#blockEntries
    const parts: number[] = []
    for (let width = 1; width < checkpointWidth(k); width *= 2) parts.unshift(k - width)
    const [head, ...spans] = await Promise.all([this.headAt(lastBlock), ...parts.map((part) => this.checkpoint(part))])
    const block = await this.#fold(head, k * this.#blockEntries)
    const [first, ...rest] = [...spans, block]
    return rest.reduce((whole, part) => join(whole, part, this.#checkpointPath(k)), first ?? block)
  }

  /** Writes the checkpoint after block `k` unless one is there. */
  async writeCheckpoint(k: number): Promise<void> {
    const path = this.#checkpointPath(k)
    if ((await this.#store.head(path)) !== null) return
    await this.#store.createIfAbsent(path, [encodeCheckpoint(await this.computeCheckpoint(k))])
  }

  async #storedCheckpoint(k: number): Promise<Checkpoint | null> {
    const path = this.#checkpointPath(k)
    try {
      const checkpoint = decodeCheckpoint(path, await this.#store.get(path))
      const { firstSeq, head } = checkpoint
      return head.nextSeq === k * this.#blockEntries && firstSeq === this.#firstSeq(k) ? checkpoint : null
    } catch (error) {
      // The entries say the same; only a newer version's checkpoint means that they may not be readable either.
      const isDamaged = error instanceof DamagedDataError && error.code !== 'log-entry-newer'
      if (isDamaged || error instanceof NotFoundError) return null
      throw error
    }
  }

  #checkpointPath(k: number): string {
    return checkpointPath(this.#prefix, k * this.#blockEntries - 1)
  }

  #firstSeq(k: number): number {
    return (k - checkpointWidth(k)) * this.#blockEntries
  }

  /** What the entries from `before.nextSeq` to `count - 1` add. */
  async #fold(before: LogHead, count: number): Promise<Checkpoint> {
    const seqs = Array.from({ length: count - before.nextSeq }, (_, i) => before.nextSeq + i)
    const added = await concurrently(seqs, CONCURRENCY, (seq) => this.entry(seq))
    let head = before
    const commits = []
    for (const entry of added) {
      head = advance(head, entry, this.entries.path(entry.seq))
      if (entry.kind === 'commit') commits.push(entry)
    }
    return {
      firstSeq: before.nextSeq,
      nextBefore: before.archived?.next ?? null,
      head,
      segments: commits.flatMap(({ segments }) => segments),
      gaps: commits.flatMap(({ gaps }) => gaps),
    }
  }

  #refuseRepeatedPaths({ segments }: Checkpoint): void {
    const seen = new Set<string>()
    for (const { path } of segments) {
      if (seen.has(path)) throw impossible(this.#prefix, `two commits state the segment ${path}`)
      seen.add(path)
    }
  }
}

function headBefore(intent: { seq: number; from: bigint }, firstFrom: bigint): LogHead {
  return {
    nextSeq: intent.seq,
    archived: intent.seq === 0 ? null : { from: firstFrom, next: intent.from },
    openIntent: null,
  }
}
