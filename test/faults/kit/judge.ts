import type { Expected } from './expected.ts'
import type { ArchivedRow } from './judge-archive.ts'
import type { Verdict } from './scenario.ts'

/** What of `coldstream verify --json` a judge looks at. */
export interface Verification {
  findings: { message: string }[]
  gaps: { incarnation: number; partition: number; reason: string; offsets: string | number }[]
}

/** Compares the rows of an archive, as DuckDB reads them, with the topic's records as kafkajs does. */
export function judge(expected: Expected, rows: readonly ArchivedRow[], verified: Verification): Verdict {
  const seen = new Map<string, string>()
  const rowsOf = new Map<string, bigint>()
  let twice = 0
  for (const { incarnation, partition, offset, digest } of rows) {
    const key = `${incarnation}|${partition}|${offset}`
    if (seen.has(key) || !expected.records.has(key)) twice += 1
    else rowsOf.set(`${incarnation}|${partition}`, (rowsOf.get(`${incarnation}|${partition}`) ?? 0n) + 1n)
    seen.set(key, digest)
  }
  let lost = 0
  for (const [key, digest] of expected.records) {
    const found = seen.get(key)
    if (found === undefined ? !expected.optional.has(key) : found !== digest) lost += 1
  }
  let open = 0n
  for (const [key, { first, end }] of expected.ranges) {
    const gaps = verified.gaps.filter((gap) => `${gap.incarnation}|${gap.partition}` === key)
    const explained = gaps.reduce((sum, gap) => sum + BigInt(gap.offsets), 0n)
    const left = end - first - (rowsOf.get(key) ?? 0n) - explained
    open += left < 0n ? -left : left
  }
  return { lost, twice, unexplained: Number(open) + verified.findings.length }
}
