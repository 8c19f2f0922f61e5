import type { ReplayDeps } from '../deps.ts'
import type { ReplayProgress, StreamProgress } from '../emit/progress.ts'
import type { ShareEntry } from './share-entry.ts'
import { ownProgress, shareId } from './share-run.ts'
import type { StoredReplay } from './stored-replay.ts'

/** What a replay emitted, over all its starts. */
export interface WrittenRecords {
  rows: number
  /** Bytes of the records, uncompressed. */
  bytes: number
  deadLetters: number
  /** Time at work of the share that was longest at it. */
  activeMs: number
  /** By source and partition. */
  streams: StreamProgress[]
}

/** What is known of a replay's shares, whoever runs them: what they committed, and which are at their end. */
export class ShareBook {
  readonly #deps: ReplayDeps
  readonly #replay: StoredReplay
  readonly #progress = new Map<number, ReplayProgress>()
  readonly #entries = new Map<number, ShareEntry>()

  constructor(deps: ReplayDeps, replay: StoredReplay) {
    this.#deps = deps
    this.#replay = replay
  }

  /** What a share has committed, as far as it is known here. */
  progress(share: number): ReplayProgress | null {
    return this.#progress.get(share) ?? null
  }

  /** Of all shares but this one, as far as it is known here. */
  deadLetters(except: number): number {
    let sum = 0
    for (const [share, { streams }] of this.#progress) {
      if (share !== except) for (const { deadLetters } of streams.values()) sum += deadLetters
    }
    return sum
  }

  isFinished(share: number): boolean {
    return this.#entries.get(share)?.state === 'finished'
  }

  /** Whether it has said that it stands still since the replay's state of that number. */
  isHalted(share: number, stateSeq: number): boolean {
    return (this.#entries.get(share)?.stateSeq ?? -1) >= stateSeq
  }

  /** Keeps what a share at work here has committed. */
  note(share: number, progress: ReplayProgress): void {
    this.#progress.set(share, progress)
  }

  /** Says of a share, for all instances, that it is at its end or stands still. */
  async conclude(share: number, state: ShareEntry['state'], stateSeq: number, progress: ReplayProgress): Promise<void> {
    const entry = { state, stateSeq, progress }
    await this.#deps.records.appendShare(this.#replay.id, share, entry)
    this.#progress.set(share, progress)
    this.#entries.set(share, { ...entry, writer: '' })
  }

  /** Reads again what others may have said of shares that are not at their end yet. */
  async refresh(shares: readonly number[]): Promise<void> {
    const { records } = this.#deps
    const read = async (share: number): Promise<void> => {
      const entry = this.isFinished(share) ? null : await records.share(this.#replay.id, share)
      if (entry === null) return
      this.#entries.set(share, entry)
      this.#progress.set(share, entry.progress)
    }
    await Promise.all(shares.map(read))
  }

  /** Asks the broker how far the shares are that others run. */
  async refreshProgress(shares: readonly number[]): Promise<void> {
    const { id, run } = this.#replay
    const read = async (share: number): Promise<void> => {
      if (this.isFinished(share)) return
      const bytes = await this.#deps.eventLog.readProgress(shareId(this.#replay, share))
      if (bytes !== null) this.#progress.set(share, ownProgress(bytes, id, run))
    }
    await Promise.all(shares.map(read))
  }

  /** Sums over all shares; null as long as nothing is known of any. */
  written(): WrittenRecords | null {
    const shares = [...this.#progress.values()]
    if (shares.length === 0) return null
    const streams = shares.flatMap((share) => [...share.streams.values()])
    const sum = (of: (stream: StreamProgress) => number): number =>
      streams.reduce((total, stream) => total + of(stream), 0)
    return {
      rows: sum(({ rows }) => rows),
      bytes: sum(({ bytes }) => bytes),
      deadLetters: sum(({ deadLetters }) => deadLetters),
      activeMs: Math.max(...shares.map(({ activeMs }) => activeMs)),
      streams: streams.sort((a, b) => a.source - b.source || a.partition - b.partition),
    }
  }
}
