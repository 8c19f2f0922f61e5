import { DamagedDataError } from '../errors.ts'
import type { GapReason } from '../ports/record-block.ts'
import { byOffset, countOffsets, type Gap, GapBuilder } from './gaps.ts'

/**
 * All gaps of one reason within a range, exact and small: a compacted or transactional topic has a hole every few
 * records, which would be millions of objects. This is what the commit log stores and what is kept in memory.
 */
export interface GapSet {
  reason: GapReason
  firstOffset: bigint
  /** Inclusive. */
  lastOffset: bigint
  /** Number of offsets in the set. */
  offsets: bigint
  /**
   * The runs, ascending, one `skip` or `skip.length` each, base 36, separated by spaces: `skip` counts the offsets since the
   * run before (since `firstOffset` for the first run), a length of 1 is left out. Empty: one solid run.
   */
  runs: string
}

/** One set per reason, ordered by first offset. `gaps` are ascending and free of overlaps. */
export function packGaps(gaps: readonly Gap[]): GapSet[] {
  const byReason = new Map<GapReason, Gap[]>()
  for (const gap of gaps) {
    const same = byReason.get(gap.reason)
    if (same) same.push(gap)
    else byReason.set(gap.reason, [gap])
  }
  return [...byReason.values()].map(packReason).sort(byOffset)
}

/** The runs of a set, ascending. Throws DamagedDataError `gap-set-damaged` when the set contradicts itself. */
export function* unpackGapSet(set: GapSet, where: string): Generator<Gap> {
  const { reason, firstOffset, lastOffset } = set
  if (set.runs === '') {
    if (set.offsets !== lastOffset - firstOffset + 1n || set.offsets < 1n) throw damaged(set, where)
    yield { reason, firstOffset, lastOffset }
    return
  }
  let at = firstOffset
  let offsets = 0n
  for (const token of set.runs.split(' ')) {
    const parts = /^([0-9a-z]{1,12})(?:\.([0-9a-z]{1,12}))?$/.exec(token)
    if (!parts) throw damaged(set, where)
    const skip = fromBase36(parts[1]!)
    const length = parts[2] === undefined ? 1n : fromBase36(parts[2])
    const first = at + skip
    // Runs that touch would have been written as one, and the first run begins where the set does.
    if (length < 1n || (offsets === 0n ? skip !== 0n : skip < 1n)) throw damaged(set, where)
    at = first + length
    offsets += length
    if (at - 1n > lastOffset) throw damaged(set, where)
    yield { reason, firstOffset: first, lastOffset: at - 1n }
  }
  if (at - 1n !== lastOffset || offsets !== set.offsets) throw damaged(set, where)
}

/** The gaps of several sets as one ascending list. Throws DamagedDataError when sets overlap or contradict themselves. */
export function unpackGaps(sets: readonly GapSet[], where: string): Gap[] {
  const gaps = sets.flatMap((set) => [...unpackGapSet(set, where)]).sort(byOffset)
  const builder = new GapBuilder()
  let last: Gap | undefined
  for (const gap of gaps) {
    if (last && gap.firstOffset <= last.lastOffset) {
      throw new DamagedDataError(
        'gap-set-damaged',
        `${where}: offset ${gap.firstOffset} is a gap for two reasons, ${last.reason} and ${gap.reason}`,
        { remedy: REMEDY, details: { object: where } },
      )
    }
    builder.add(gap.reason, gap.firstOffset, gap.lastOffset)
    last = gap
  }
  return builder.build()
}

const REMEDY =
  'Restore this object from a backup of the archive; entries of the log never change once they are written.'

function packReason(gaps: readonly Gap[]): GapSet {
  const firstOffset = gaps[0]!.firstOffset
  const tokens: string[] = []
  let at = firstOffset
  for (const gap of gaps) {
    const length = gap.lastOffset - gap.firstOffset + 1n
    const skip = (gap.firstOffset - at).toString(36)
    tokens.push(length === 1n ? skip : `${skip}.${length.toString(36)}`)
    at = gap.lastOffset + 1n
  }
  return {
    reason: gaps[0]!.reason,
    firstOffset,
    lastOffset: gaps.at(-1)!.lastOffset,
    offsets: countOffsets(gaps),
    runs: gaps.length === 1 ? '' : tokens.join(' '),
  }
}

/** At most 12 digits, so that a 64-bit offset is never exceeded by much before the bounds are checked. */
function fromBase36(digits: string): bigint {
  const number = Number.parseInt(digits, 36)
  if (Number.isSafeInteger(number)) return BigInt(number)
  let value = 0n
  for (const digit of digits) value = value * 36n + BigInt(Number.parseInt(digit, 36))
  return value
}

function damaged(set: GapSet, where: string): DamagedDataError {
  return new DamagedDataError(
    'gap-set-damaged',
    `${where}: the ${set.reason} gaps ${set.firstOffset}..${set.lastOffset} do not hold together (${set.offsets} offsets stated)`,
    { remedy: REMEDY, details: { object: where } },
  )
}
