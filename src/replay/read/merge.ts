import { DamagedDataError } from '../../errors.ts'
import type { RowBatch } from '../../format/row-batch.ts'
import type { CommittedSegment } from '../../format/segment.ts'
import { noRows } from '../../format/take-rows.ts'

/** A segment whose bytes were checked, read a row group at a time. */
export interface OpenSegment {
  /** The next rows of it, ascending by offset also from batch to batch; null after the last ones. */
  next(): Promise<RowBatch | null>
}

/** How far ahead segments are opened: at least one, and as many more as both allow. */
export interface OpenAhead {
  segments: number
  /** Of the objects. */
  bytes: number
}

/** Rows `[from, to)` of a batch: a stretch that is next in offset order as a whole. */
export interface RowRun {
  rows: RowBatch
  from: number
  /** Equal to `from` when offsets were looked through and none of their rows is wanted. */
  to: number
  /** Source offset to go on from after it. */
  next: bigint
}

/**
 * Rows of a partition's segments in the order the source had them. A segment is opened when the merge reaches its first
 * offset (some more are opened meanwhile, while rows of the current are taken), so that memory holds the few segments
 * that interleave, not all. Runs stay valid until the next one is asked for.
 *
 * Throws DamagedDataError `segments-overlap` when an offset comes a second time: emitting it would be emitting it twice.
 */
export async function* mergeSegments(
  segments: readonly CommittedSegment[],
  open: (segment: CommittedSegment) => Promise<OpenSegment>,
  ahead: OpenAhead,
): AsyncGenerator<RowRun, void, undefined> {
  const opening = new Opening(segments, open, ahead)
  const cursors: Cursor[] = []
  let emitted = -1n
  for (;;) {
    let current = lowest(cursors)
    while (opening.segment !== undefined && (current === null || opening.segment.firstOffset <= current.head)) {
      const cursor = await Cursor.begin(opening.segment, await opening.take())
      if (cursor !== null) cursors.push(cursor)
      current = lowest(cursors)
      if (cursor === null) {
        const next = limit(cursors, null, opening.segment?.firstOffset ?? null)
        if (next !== null && next > emitted + 1n) yield { rows: nothing, from: 0, to: 0, next }
      }
    }
    if (current === null) return
    if (current.head <= emitted) throw overlap(current, emitted)
    const run = current.runBelow(limit(cursors, current, opening.segment?.firstOffset ?? null))
    emitted = run.rows.offset[run.to - 1]!
    yield { ...run, next: emitted + 1n }
    if (!(await current.advance(run.to))) cursors.splice(cursors.indexOf(current), 1)
  }
}

/** For a run without rows, of which nobody asks whose it is. */
const nothing = noRows(0)

/** Opens segments in order, some ahead of what was taken. */
class Opening {
  readonly #segments: readonly CommittedSegment[]
  readonly #open: (segment: CommittedSegment) => Promise<OpenSegment>
  readonly #ahead: OpenAhead
  #taken = 0
  /** Of the segments from `taken` on. */
  readonly #opening: Promise<PromiseSettledResult<OpenSegment>>[] = []

  constructor(
    segments: readonly CommittedSegment[],
    open: (segment: CommittedSegment) => Promise<OpenSegment>,
    ahead: OpenAhead,
  ) {
    this.#segments = segments
    this.#open = open
    this.#ahead = ahead
  }

  /** The one that `take` gives next; undefined when all are taken. */
  get segment(): CommittedSegment | undefined {
    return this.#segments[this.#taken]
  }

  async take(): Promise<OpenSegment> {
    const result = await (this.#opening.shift() ?? this.#start(this.segment!))
    this.#taken += 1
    if (result.status === 'rejected') throw result.reason
    while (this.#opening.length < this.#ahead.segments) {
      const next = this.#segments[this.#taken + this.#opening.length]
      if (next === undefined) break
      const waiting = this.#segments.slice(this.#taken, this.#taken + this.#opening.length)
      const bytes = waiting.reduce((sum, segment) => sum + segment.bytes, next.bytes)
      if (waiting.length > 0 && bytes > this.#ahead.bytes) break
      this.#opening.push(this.#start(next))
    }
    return result.value
  }

  /** Settled, so that a failure ahead of its turn is no unhandled rejection but is thrown when its turn comes. */
  async #start(segment: CommittedSegment): Promise<PromiseSettledResult<OpenSegment>> {
    const [result] = await Promise.allSettled([this.#open(segment)])
    return result
  }
}

/** Where the merge stands in one open segment. */
class Cursor {
  readonly segment: CommittedSegment
  readonly #source: OpenSegment
  #rows: RowBatch
  #row = 0
  /** Offset of the row it stands on. */
  head: bigint

  private constructor(segment: CommittedSegment, source: OpenSegment, rows: RowBatch) {
    this.segment = segment
    this.#source = source
    this.#rows = rows
    this.head = rows.offset[0]!
  }

  /** Null when the segment has no rows for us. */
  static async begin(segment: CommittedSegment, source: OpenSegment): Promise<Cursor | null> {
    const rows = await nextRows(source)
    return rows === null ? null : new Cursor(segment, source, rows)
  }

  /** Rows from here on whose offsets are below `limit`; at least one. */
  runBelow(limit: bigint | null): Omit<RowRun, 'next'> {
    const { offset, rows } = this.#rows
    let low = this.#row + 1
    let high = rows
    if (limit === null || offset[rows - 1]! < limit) low = rows
    while (low < high) {
      const middle = (low + high) >>> 1
      if (offset[middle]! < limit!) low = middle + 1
      else high = middle
    }
    return { rows: this.#rows, from: this.#row, to: low }
  }

  /** Moves to a row; false when that was the end of the segment. */
  async advance(row: number): Promise<boolean> {
    this.#row = row
    if (row === this.#rows.rows) {
      const rows = await nextRows(this.#source)
      if (rows === null) return false
      this.#rows = rows
      this.#row = 0
    }
    this.head = this.#rows.offset[this.#row]!
    return true
  }
}

/** The next batch that has rows. */
async function nextRows(source: OpenSegment): Promise<RowBatch | null> {
  for (;;) {
    const rows = await source.next()
    if (rows === null || rows.rows > 0) return rows
  }
}

function lowest(cursors: readonly Cursor[]): Cursor | null {
  let lowest: Cursor | null = null
  for (const cursor of cursors) if (lowest === null || cursor.head < lowest.head) lowest = cursor
  return lowest
}

/** The offset at which another segment than the current one has its say. */
function limit(cursors: readonly Cursor[], current: Cursor | null, unopened: bigint | null): bigint | null {
  let limit = unopened
  for (const cursor of cursors) {
    if (cursor !== current && (limit === null || cursor.head < limit)) limit = cursor.head
  }
  return limit
}

function overlap(current: Cursor, emitted: bigint): DamagedDataError {
  const { path } = current.segment
  return new DamagedDataError(
    'segments-overlap',
    `${path} holds offset ${current.head}, which is not above ${emitted}, the one before it: a record is in two rows`,
    {
      remedy:
        'Run verify on the topic; it names what lies beside the commit log. Nothing from this offset on was emitted.',
      details: { object: path, offset: String(current.head) },
    },
  )
}
