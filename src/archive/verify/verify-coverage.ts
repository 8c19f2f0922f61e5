import type { PartitionSnapshot } from '../../catalog/snapshot.ts'
import { type GapSet, unpackGaps } from '../../format/gap-set.ts'
import { byOffset, complement, type OffsetRun, subtract } from '../../format/gaps.ts'
import type { CommittedSegment } from '../../format/segment.ts'
import { type Finding, finding } from './verify-finding.ts'

/** Segments and gaps whose offsets interleave: not more than one commit, so that checking one takes little memory. */
export interface CoverageGroup {
  from: bigint
  /** Where the next group begins. */
  next: bigint
  segments: CommittedSegment[]
  gaps: GapSet[]
}

/** The partition as groups that follow each other from the first archived offset to the last. */
export function* coverageGroups({ archived, segments, gaps }: PartitionSnapshot): Generator<CoverageGroup> {
  if (archived === null) return
  const parts = [
    ...segments.map((segment) => ({ segment, gap: null, ...segment })),
    ...gaps.map((gap) => ({ segment: null, gap, ...gap })),
  ].sort(byOffset)
  let group: CoverageGroup = { from: archived.from, next: archived.from, segments: [], gaps: [] }
  let end = archived.from
  for (const { segment, gap, firstOffset, lastOffset } of parts) {
    if (firstOffset >= end && firstOffset > group.from) {
      yield { ...group, next: firstOffset }
      group = { from: firstOffset, next: firstOffset, segments: [], gaps: [] }
    }
    if (segment !== null) group.segments.push(segment)
    else group.gaps.push(gap)
    if (lastOffset >= end) end = lastOffset + 1n
  }
  yield { ...group, next: archived.next }
}

/**
 * What is wrong with the offsets of a group: each must be exactly one row or one gap. `rows` are the offsets that were read,
 * ascending. When a segment could not be read (`isPartial`), its rows are missing for a reason that is told already.
 */
export function coverageFindings(
  group: CoverageGroup,
  rows: BigInt64Array,
  isPartial: boolean,
  log: string,
): Finding[] {
  const gaps = unpackGaps(group.gaps, log)
  const within = rows.filter((offset, i) => offset >= group.from && offset < group.next && offset !== rows[i - 1])
  const holes = complement(within, group.from, group.next)
  const missing = isPartial ? [] : subtract(holes, gaps)
  const both = subtract(gaps, holes)
  const twice = runsOf(rows.filter((offset, i) => offset === rows[i - 1]))
  const findings: Finding[] = []
  const tell = (code: Parameters<typeof finding>[0], what: string, offsets: readonly OffsetRun[]) => {
    if (offsets.length > 0) findings.push(finding(code, log, `${what}: ${textOf(offsets)}`, offsets))
  }
  tell('offsets-missing', 'offsets that are neither a row nor an explained gap', missing)
  tell('offsets-twice', 'offsets that have more than one row', twice)
  tell('offsets-gap-and-row', 'offsets that are stated as gaps and have a row', both.map(runOf))
  return findings
}

function runOf({ firstOffset, lastOffset }: OffsetRun): OffsetRun {
  return { firstOffset, lastOffset }
}

/** Ascending offsets, also repeated ones, as runs. */
function runsOf(offsets: BigInt64Array): OffsetRun[] {
  const runs: OffsetRun[] = []
  for (const offset of offsets) {
    const last = runs.at(-1)
    if (last && offset <= last.lastOffset + 1n) last.lastOffset = offset
    else runs.push({ firstOffset: offset, lastOffset: offset })
  }
  return runs
}

function textOf(runs: readonly OffsetRun[]): string {
  const shown = runs.slice(0, 5).map(({ firstOffset, lastOffset }) => `${firstOffset}..${lastOffset}`)
  return shown.join(', ') + (runs.length > 5 ? `, and ${runs.length - 5} more runs` : '')
}
