import type { Static } from 'typebox'
import type { QueryColumn } from '../../ports/query-engine.ts'
import { jsonRow, uniqueNames } from '../../query/output/json.ts'
import { pageOf, type ResultReader } from '../../query/runs/result-reader.ts'
import type { RunView } from '../../query/runs/run-record.ts'
import type { QueryPage, QueryRun } from './query-schemas.ts'

/** A run as JSON. */
export function runView(view: RunView): Static<typeof QueryRun> {
  const { id, state, by, sql, template, engine, instance, end } = view
  const iso = (ms: number) => new Date(ms).toISOString()
  const { truncated, ...statistics } = end?.statistics ?? {
    truncated: false,
    rows: 0,
    files: 0,
    bytes: 0,
    elapsedMs: 0,
  }
  return {
    ...{ id, state, by, sql, template, engine, instance, truncated },
    parameters: { ...view.parameters },
    askedAt: iso(view.askedMs),
    endedAt: end === null ? null : iso(end.endedMs),
    progress: view.progress,
    error: end?.error ? { code: end.error.code, detail: end.error.message, remedy: end.error.remedy } : null,
    statistics: end === null ? null : statistics,
    resultsUntil: view.resultsUntilMs === null ? null : iso(view.resultsUntilMs),
    freshness: end?.freshness?.map((partition) => ({ ...partition })) ?? null,
  }
}

/** Rows of a result as JSON. */
export async function pageView(results: ResultReader, after: number, limit: number): Promise<Static<typeof QueryPage>> {
  const rows = await pageOf(results, after, limit)
  const names = uniqueNames(results.columns)
  const next = after + rows.length
  return {
    columns: results.columns.map(({ name, type }: QueryColumn) => ({ name, type })),
    rows: rows.map((row) => jsonRow(names, row)),
    next: next < results.rows && rows.length > 0 ? next : null,
  }
}
