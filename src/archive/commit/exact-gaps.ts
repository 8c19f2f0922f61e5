import { DamagedDataError } from '../../errors.ts'
import { complement, explain, type Gap } from '../../format/gaps.ts'
import type { AdoptedSegment } from './adopt.ts'

/**
 * All offsets of `[from, next)` that none of the segments has a row for, with the reason as far as `known` tells, else
 * `retention` below `brokerFirst` and `compacted` above. Throws DamagedDataError `offset-twice` when two rows share an offset.
 */
export function exactGaps(
  range: { from: bigint; next: bigint },
  segments: readonly AdoptedSegment[],
  known: readonly Gap[],
  brokerFirst: bigint,
): Gap[] {
  const rows = sortedOffsets(segments.map(({ offsets }) => offsets))
  const twice = rows.find((offset, i) => i > 0 && rows[i - 1] === offset)
  if (twice !== undefined) {
    const objects = segments.filter(({ offsets }) => offsets.includes(twice)).map(({ segment }) => segment.path)
    throw new DamagedDataError('offset-twice', `offset ${twice} has more than one row in ${objects.join(', ')}`, {
      remedy: 'Find out who else writes to this archive, move the wrong object away, and start the capture again.',
      details: { objects, offset: twice.toString() },
    })
  }
  return explain(complement(rows, range.from, range.next), known, brokerFirst)
}

/** The offsets of all lists in one, ascending. */
export function sortedOffsets(lists: readonly BigInt64Array[]): BigInt64Array {
  const all = new BigInt64Array(lists.reduce((length, list) => length + list.length, 0))
  let at = 0
  for (const list of lists) {
    all.set(list, at)
    at += list.length
  }
  return all.sort()
}
