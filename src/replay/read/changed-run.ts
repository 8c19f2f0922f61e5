import type { ChangedRow, RowChange } from '../change/row-change.ts'
import type { RowRun } from './merge.ts'

/** Rows `[from, to)` of a batch and what they became. */
export interface ChangedRun extends RowRun {
  /** Of row `base` and the following ones; null: every row is emitted as it is. */
  changed: readonly ChangedRow[] | null
  base: number
}

/** So many rows are changed at once: they are in memory twice. */
const maxRowsAtOnce = 2_000

/** Gives each row to the change, if there is one. */
export async function* changeRuns(
  runs: AsyncIterable<RowRun>,
  change: RowChange | null,
): AsyncGenerator<ChangedRun, void, undefined> {
  for await (const run of runs) {
    if (change === null || run.from === run.to) {
      yield { ...run, changed: null, base: run.from }
      continue
    }
    for (let from = run.from; from < run.to; from += maxRowsAtOnce) {
      const to = Math.min(run.to, from + maxRowsAtOnce)
      const next = to === run.to ? run.next : run.rows.offset[to - 1]! + 1n
      yield { rows: run.rows, from, to, next, changed: await change.apply(run.rows, from, to), base: from }
    }
  }
}
