import { sortedKeys } from '../parquet/index.ts'
import type { RowBatch } from '../row-batch.ts'
import { takeRows } from '../take-rows.ts'
import { HeaderMatcher } from './header-matcher.ts'
import { KeyMatcher } from './key-matcher.ts'
import type { RowCriteria } from './row-criteria.ts'
import { type RowWindow, timeTest } from './row-window.ts'

/** Leaves of a batch that is in memory the rows that meet the window's times and the criteria. */
export function rowFilter(window: RowWindow, criteria: RowCriteria | null): (rows: RowBatch) => RowBatch {
  const isInTime = timeTest(window)
  const keys = criteria?.keys ? new KeyMatcher(sortedKeys(criteria.keys)) : null
  const headers = criteria === null || criteria.headers.length === 0 ? null : new HeaderMatcher(criteria.headers)
  const isWanted = (rows: RowBatch, row: number): boolean =>
    isInTime(rows, row) && (keys?.matches(rows.key, row) ?? true) && (headers?.matches(rows.headers, row) ?? true)
  return (rows) => {
    const places = Int32Array.from({ length: rows.rows }, (_, row) => row).filter((row) => isWanted(rows, row))
    return places.length === rows.rows ? rows : takeRows(rows, places)
  }
}
