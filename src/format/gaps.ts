import type { GapReason } from '../ports/record-block.ts'

/** A run of offsets that have no row, all for one reason. */
export interface Gap extends OffsetRun {
  reason: GapReason
}

/** Reasons of gaps in which data may have been; the others never held a record that anybody was to have. */
export const LOSSES: ReadonlySet<GapReason> = new Set(['retention', 'truncated', 'corrupt', 'unreadable', 'skipped'])

/** Offsets from `firstOffset` to `lastOffset`, both inclusive. */
export interface OffsetRun {
  firstOffset: bigint
  /** Inclusive. */
  lastOffset: bigint
}

/** Collects gaps in ascending order; neighbours of the same reason become one. */
export class GapBuilder {
  readonly #gaps: Gap[] = []

  /** Adds a run that begins after everything added before; a run that does not is a bug of the caller. */
  add(reason: GapReason, firstOffset: bigint, lastOffset: bigint): void {
    const last = this.#gaps.at(-1)
    if (firstOffset > lastOffset) throw new RangeError(`gap ${firstOffset}..${lastOffset} is upside down`)
    if (last && firstOffset <= last.lastOffset) {
      throw new RangeError(
        `gap ${firstOffset}..${lastOffset} begins within or before ${last.firstOffset}..${last.lastOffset}`,
      )
    }
    if (last && last.reason === reason && last.lastOffset + 1n === firstOffset) last.lastOffset = lastOffset
    else this.#gaps.push({ reason, firstOffset, lastOffset })
  }

  /** Everything added so far. The builder is not used afterwards. */
  build(): Gap[] {
    return this.#gaps
  }
}

/** Number of offsets that the runs hold together. The runs must not overlap. */
export function countOffsets(runs: Iterable<OffsetRun>): bigint {
  let count = 0n
  for (const { firstOffset, lastOffset } of runs) count += lastOffset - firstOffset + 1n
  return count
}

/** Runs of `[from, next)` that are not among `offsets`, which are ascending, without repetition, and within the range. */
export function complement(offsets: BigInt64Array, from: bigint, next: bigint): OffsetRun[] {
  const holes: OffsetRun[] = []
  let at = from
  for (const offset of offsets) {
    if (offset < at || offset >= next)
      throw new RangeError(`offset ${offset} is not ascending within ${from}..${next - 1n}`)
    if (offset > at) holes.push({ firstOffset: at, lastOffset: offset - 1n })
    at = offset + 1n
  }
  if (at < next) holes.push({ firstOffset: at, lastOffset: next - 1n })
  return holes
}

/** The offsets of `runs` that are in none of `taken`. Both ascending and free of overlaps. */
export function subtract<R extends OffsetRun>(runs: readonly R[], taken: readonly OffsetRun[]): R[] {
  const left: R[] = []
  let i = 0
  for (const run of runs) {
    let at = run.firstOffset
    while (i < taken.length && taken[i]!.lastOffset < at) i++
    for (let j = i; j < taken.length && taken[j]!.firstOffset <= run.lastOffset; j++) {
      const cut = taken[j]!
      if (cut.firstOffset > at) left.push({ ...run, firstOffset: at, lastOffset: cut.firstOffset - 1n })
      at = cut.lastOffset + 1n
    }
    if (at <= run.lastOffset) left.push({ ...run, firstOffset: at })
  }
  return left
}

/**
 * Says for every offset of `holes` why it has no row: as `known` tells; where that is silent, `retention` below
 * `brokerFirst` (the first offset that the broker still has) and `compacted` from there on. Both lists ascending and
 * free of overlaps; the answer is too, and holds exactly the offsets of `holes`.
 */
export function explain(holes: readonly OffsetRun[], known: readonly Gap[], brokerFirst: bigint): Gap[] {
  const pieces: Gap[] = clip(known, holes)
  for (const { firstOffset, lastOffset } of subtract(holes, known)) {
    if (firstOffset < brokerFirst) {
      pieces.push({
        reason: 'retention',
        firstOffset,
        lastOffset: lastOffset < brokerFirst ? lastOffset : brokerFirst - 1n,
      })
    }
    if (lastOffset >= brokerFirst) {
      pieces.push({
        reason: 'compacted',
        firstOffset: firstOffset < brokerFirst ? brokerFirst : firstOffset,
        lastOffset,
      })
    }
  }
  const builder = new GapBuilder()
  for (const gap of pieces.sort(byOffset)) builder.add(gap.reason, gap.firstOffset, gap.lastOffset)
  return builder.build()
}

/** One list out of several whose runs may overlap; where they do, the earlier list has the word. */
export function mergeGaps(first: readonly Gap[], ...rest: readonly (readonly Gap[])[]): Gap[] {
  let merged = [...first].sort(byOffset)
  for (const list of rest) merged = [...merged, ...subtract([...list].sort(byOffset), merged)].sort(byOffset)
  const builder = new GapBuilder()
  for (const gap of merged) builder.add(gap.reason, gap.firstOffset, gap.lastOffset)
  return builder.build()
}

/** Order of ascending offsets. */
export function byOffset(a: OffsetRun, b: OffsetRun): number {
  return a.firstOffset < b.firstOffset ? -1 : a.firstOffset > b.firstOffset ? 1 : 0
}

function clip<R extends OffsetRun>(runs: readonly R[], within: readonly OffsetRun[]): R[] {
  const kept: R[] = []
  let i = 0
  for (const run of runs) {
    while (i < within.length && within[i]!.lastOffset < run.firstOffset) i++
    for (let j = i; j < within.length && within[j]!.firstOffset <= run.lastOffset; j++) {
      const piece = { ...run }
      if (within[j]!.firstOffset > piece.firstOffset) piece.firstOffset = within[j]!.firstOffset
      if (within[j]!.lastOffset < piece.lastOffset) piece.lastOffset = within[j]!.lastOffset
      kept.push(piece)
    }
  }
  return kept
}
