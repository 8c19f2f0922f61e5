import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { QueryService } from '../../src/query/query-service.ts'
import { measure } from '../kit/measure.ts'
import { pythonPeer } from '../kit/python-peer.ts'
import { FIRST_HOUR, keyOf } from './archive.ts'
import type { Question } from './questions.ts'

/** Asks a question; answers the seconds to its last row, with the start of the process that runs it; null: cannot be asked. */
export type Ask = (question: Question) => Promise<number | null>

/** Coldstream's own way: the query service, with a process for the statement. */
export function coldstream(service: QueryService, engine = 'duckdb'): Ask {
  return async ({ sql, template }) => {
    const startedAt = performance.now()
    const request = template === null ? { sql } : { template: template.name, parameters: template.parameters }
    const result = await service.run({ ...request, engine }, new AbortController().signal)
    for await (const rows of result.rows) void rows
    const seconds = (performance.now() - startedAt) / 1000
    await result.ended
    return seconds
  }
}

/** DuckDB by hand, over a glob. */
export function plainDuckDb(folder: string): Ask {
  const script = fileURLToPath(new URL('../peers/query-duckdb.ts', import.meta.url))
  return async ({ sql, parameters }) => {
    const job = { glob: join(folder, 'topics/orders/**/*.parquet'), sql, parameters, threads: availableParallelism() }
    const text = JSON.stringify(job, (_, value) => (typeof value === 'bigint' ? { bigint: String(value) } : value))
    const { wallSeconds } = await measure(process.execPath, [script, text], { cwd: folder, env: process.env })
    return wallSeconds
  }
}

/** pyarrow's dataset; it has no SQL, so that only the first questions can be put to it. */
export async function pyarrowDataset(folder: string, hours: number): Promise<Ask> {
  const { python, path } = await pythonPeer('query.py')
  return async ({ name, template }) => {
    if (template !== null) return null
    const hourMs = FIRST_HOUR + Math.floor(hours / 2) * 3_600_000
    const job = { folder: join(folder, 'topics/orders'), question: name, hourMs, key: keyOf(8) }
    const { wallSeconds } = await measure(python, [path, JSON.stringify(job)], { cwd: folder, env: process.env })
    return wallSeconds
  }
}
