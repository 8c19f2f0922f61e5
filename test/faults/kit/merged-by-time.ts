/**
 * Merges lines: of the records that come next in each, the one with the lowest time is first, of equal ones that of the
 * first line. What a line has in another order than that of time stays so.
 */
export function mergedByTime<Record>(
  lines: readonly (readonly Record[])[],
  timeOf: (record: Record) => number,
): Record[] {
  const rest = lines.map((records) => ({ records, next: 0 })).filter(({ records }) => records.length > 0)
  const merged: Record[] = []
  while (rest.length > 0) {
    const next = ({ records, next }: { records: readonly Record[]; next: number }): number => timeOf(records[next]!)
    const first = rest.reduce((least, line) => (next(line) < next(least) ? line : least))
    merged.push(first.records[first.next]!)
    first.next += 1
    if (first.next === first.records.length) rest.splice(rest.indexOf(first), 1)
  }
  return merged
}
