import { isDeepStrictEqual } from 'node:util'
import type { CommitLog, IntendDraft } from '../../catalog/commit-log.ts'
import { concurrently } from '../../catalog/concurrently.ts'
import type { LogHead } from '../../catalog/log-state.ts'
import { ConflictError } from '../../errors.ts'
import { packGaps, unpackGaps } from '../../format/gap-set.ts'
import { countOffsets, type Gap, mergeGaps } from '../../format/gaps.ts'
import type { IntendEntry } from '../../format/log-entry.ts'
import type { BuiltSegment, CommittedSegment, PlannedSegment } from '../../format/segment.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { type AdoptedSegment, adopt } from './adopt.ts'
import { exactGaps } from './exact-gaps.ts'
import type { Rebuilt, Recovery, SealedRange } from './sealed.ts'
import type { SegmentDescriber } from './segment-describer.ts'

/** How a commit ended. */
export interface CommitOutcome {
  /**
   * `committed`: the range is archived, and this writer wrote the entry that says so.
   * `superseded`: someone else moved the log; drop what is buffered, finish `state.openIntent` if there is one, and go on
   * from `state.archived.next`.
   */
  outcome: 'committed' | 'superseded'
  state: LogHead
}

export interface PartitionCommitterOptions {
  store: ObjectStore
  log: CommitLog
  describer: SegmentDescriber
  /** First offset that the broker still has now: tells what retention took from what compaction took. Rarely asked. */
  brokerFirst(): Promise<bigint>
  /** A segment of 0 rows for a planned path: it keeps a path taken for which nothing is left to store. */
  buildEmpty(path: string): BuiltSegment | Promise<BuiltSegment>
}

/** Segments stored at once. */
const CONCURRENCY = 4

/**
 * Archives ranges of one partition by the protocol of design section 5: intend, upload, commit, each by create-if-absent
 * and nothing else. Any number of processes may do this for the same partition at the same time, die at any step, and wake
 * up later. Calls must not overlap. A call that fails with UnavailableError may be repeated with the same argument.
 */
export class PartitionCommitter {
  readonly #options: PartitionCommitterOptions

  constructor(options: PartitionCommitterOptions) {
    this.#options = options
  }

  /** Where the log stood when this writer last looked. */
  get state(): LogHead {
    return this.#options.log.head
  }

  /**
   * Archives a sealed range. Throws UnavailableError, ConflictError `segment-path-taken` when a foreign object lies in
   * the way, DamagedDataError.
   */
  async commit(sealed: SealedRange): Promise<CommitOutcome> {
    const intent = await this.#intend(sealed)
    if (intent === null) return this.#outcome('superseded')
    const placed = await concurrently(sealed.segments, CONCURRENCY, async (segment) => {
      const built = await segment.build()
      if (built.records !== segment.records) throw new Error(`${segment.path} was built with other rows than planned`)
      return this.#place(segment, built)
    })
    const rows = placed.reduce((sum, { segment }) => sum + BigInt(segment.records), 0n)
    const isAsSealed =
      placed.every(({ isOwn }) => isOwn) && rows + countOffsets(sealed.gaps) === sealed.next - sealed.from
    const segments = placed.map(({ segment }) => segment)
    if (isAsSealed) return this.#commit(intent, segments, sealed.gaps)
    return this.#commit(intent, segments, await this.#gapsOf(intent, await this.#adoptAll(intent), sealed.gaps))
  }

  /**
   * Finishes the open intent that some writer left, with the very segments that it names: what is uploaded stays, what
   * is missing is built again. A path that has nothing left to hold gets a segment without rows, so that whoever
   * planned it and still lives cannot store rows there that the commit does not know of. Errors as `commit`.
   */
  async finish(recovery: Recovery): Promise<CommitOutcome> {
    const intent = this.state.openIntent
    if (intent === null) return this.#outcome('superseded')
    const stored = await concurrently(intent.segments, CONCURRENCY, ({ path }) => this.#options.store.head(path))
    const missing = intent.segments.filter((_, i) => stored[i] === null)
    const rebuilt: Rebuilt =
      missing.length === 0 ? { segments: new Map(), gaps: [] } : await recovery.rebuild(intent, missing)
    await concurrently(missing, CONCURRENCY, async (planned) => {
      const built = rebuilt.segments.get(planned.path)
      const hasRows = built !== undefined && built.records > 0
      if (hasRows) refuseOutsidePlan(planned, built)
      const { chunks } = hasRows ? built : await this.#options.buildEmpty(planned.path)
      // Created or not, what lies there now is read below.
      await this.#options.store.createIfAbsent(planned.path, chunks)
    })
    const known = mergeGaps(unpackGaps(intent.gaps, `intent ${intent.seq}`), rebuilt.gaps)
    const adopted = await this.#adoptAll(intent)
    const gaps = await this.#gapsOf(intent, adopted, known)
    return this.#commit(
      intent,
      adopted.map(({ segment }) => segment),
      gaps,
    )
  }

  /** The open intent of this very plan, whoever wrote it; null when the log has gone another way. */
  async #intend(sealed: SealedRange): Promise<IntendEntry | null> {
    const plan = planOf(sealed)
    for (;;) {
      const { openIntent, archived } = this.state
      if (openIntent !== null) return isPlanOf(openIntent, plan) ? openIntent : null
      if (archived !== null && archived.next !== sealed.from) return null
      // Lost or appended, the log now has an open intent or another position: the next round sees which.
      await this.#options.log.intend(plan)
    }
  }

  /** Stores a segment, or takes the one that is there. */
  async #place(planned: PlannedSegment, built: BuiltSegment): Promise<{ segment: CommittedSegment; isOwn: boolean }> {
    const outcome = await this.#options.store.createIfAbsent(planned.path, built.chunks)
    if (outcome === 'created') return { segment: committedAs(planned, built), isOwn: true }
    const { segment } = await this.#adopt(planned)
    return { segment, isOwn: segment.sha256 === built.sha256 }
  }

  /** Asks the broker only now, when the rows are read: what was taken by retention before lies below the answer. */
  async #gapsOf(intent: IntendEntry, adopted: readonly AdoptedSegment[], known: readonly Gap[]): Promise<Gap[]> {
    return exactGaps(intent, adopted, known, await this.#options.brokerFirst())
  }

  #adoptAll(intent: IntendEntry): Promise<AdoptedSegment[]> {
    return concurrently(intent.segments, CONCURRENCY, (planned) => this.#adopt(planned))
  }

  #adopt(planned: PlannedSegment): Promise<AdoptedSegment> {
    const { store, describer, log } = this.#options
    return adopt(store, describer, log.key, planned)
  }

  async #commit(intent: IntendEntry, segments: CommittedSegment[], gaps: readonly Gap[]): Promise<CommitOutcome> {
    const outcome = await this.#options.log.commit({ intent: intent.seq, segments, gaps: packGaps(gaps) })
    return this.#outcome(outcome === 'appended' ? 'committed' : 'superseded')
  }

  #outcome(outcome: CommitOutcome['outcome']): CommitOutcome {
    return { outcome, state: this.state }
  }
}

function planOf({ from, next, routing, segments, gaps }: SealedRange): IntendDraft {
  return {
    from,
    next,
    routing: { ...routing },
    segments: segments.map(({ path, firstOffset, lastOffset, records }) => ({
      path,
      firstOffset,
      lastOffset,
      records,
    })),
    gaps: packGaps(gaps),
  }
}

function isPlanOf({ from, next, routing, segments, gaps }: IntendEntry, plan: IntendDraft): boolean {
  return isDeepStrictEqual({ from, next, routing, segments, gaps }, plan)
}

/** Before it is stored, because a path that is taken stays taken. */
function refuseOutsidePlan({ path, firstOffset, lastOffset }: PlannedSegment, built: BuiltSegment): void {
  if (built.firstOffset >= firstOffset && built.lastOffset <= lastOffset) return
  throw new ConflictError(
    'rebuilt-outside-plan',
    `${path} was announced with offsets ${firstOffset}..${lastOffset}, but the broker now has ${built.firstOffset}..${built.lastOffset} for it`,
    {
      remedy:
        'The broker has other records at these offsets than before (an unclean leader election, or a topic restored from elsewhere): capture it as a new topic.',
      details: { object: path },
    },
  )
}

function committedAs({ path, firstOffset, lastOffset }: PlannedSegment, built: BuiltSegment): CommittedSegment {
  const { records, minTimestampMs, maxTimestampMs, bytes, sha256 } = built
  return { path, firstOffset, lastOffset, records, minTimestampMs, maxTimestampMs, bytes, sha256 }
}
