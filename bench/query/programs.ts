import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { QueryService } from '../../src/query/query-service.ts'
import { type Measured, measure } from '../kit/measure.ts'
import { pythonPeer } from '../kit/python-peer.ts'
import { FIRST_HOUR, keyOf } from './archive.ts'
import type { Question } from './questions.ts'

/** What an answer took. */
export interface Took {
  /** To its last row, with the start of the process that runs it where that is not ready before. */
  seconds: number
  /** Of that process, its start included wherever it was, and of the one that asks it; null where another server works. */
  cpuSeconds: number | null
}

/** Asks a question; null: it cannot be asked. */
export type Ask = (question: Question) => Promise<Took | null>

/** Coldstream's own way: the query service, with a process for the statement. */
export function coldstream(service: QueryService, engine = 'duckdb'): Ask {
  return async ({ sql, template }) => {
    const startedAt = performance.now()
    const startedCpu = cpuSeconds()
    const request = template === null ? { sql } : { template: template.name, parameters: template.parameters }
    const result = await service.run({ ...request, engine }, new AbortController().signal)
    for await (const rows of result.rows) void rows
    const seconds = (performance.now() - startedAt) / 1000
    await result.ended
    return { seconds, cpuSeconds: cpuSeconds() - startedCpu }
  }
}

/** DuckDB by hand, over a glob. */
export function plainDuckDb(folder: string): Ask {
  const script = fileURLToPath(new URL('../peers/query-duckdb.ts', import.meta.url))
  return async ({ sql, parameters }) => {
    const job = { glob: join(folder, 'topics/orders/**/*.parquet'), sql, parameters, threads: availableParallelism() }
    const text = JSON.stringify(job, (_, value) => (typeof value === 'bigint' ? { bigint: String(value) } : value))
    return took(await measure(process.execPath, [script, text], { cwd: folder, env: process.env }))
  }
}

/** pyarrow's dataset; it has no SQL, so that only the first questions can be put to it. */
export async function pyarrowDataset(folder: string, hours: number): Promise<Ask> {
  const { python, path } = await pythonPeer('query.py')
  return async ({ name, template }) => {
    if (template !== null) return null
    const hourMs = FIRST_HOUR + Math.floor(hours / 2) * 3_600_000
    const job = { folder: join(folder, 'topics/orders'), question: name, hourMs, key: keyOf(8) }
    return took(await measure(python, [path, JSON.stringify(job)], { cwd: folder, env: process.env }))
  }
}

function took({ wallSeconds, cpuSeconds }: Measured): Took {
  return { seconds: wallSeconds, cpuSeconds }
}

const TICKS_A_SECOND = 100

/** CPU time of this process and of those of its children that have ended. */
function cpuSeconds(): number {
  // behind the name, which is in brackets: state, ppid, …, and as 12th to 15th the times
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)!.split(' ')
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS_A_SECOND
}
