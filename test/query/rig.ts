import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { DuckDbEngine } from '../../src/adapters/duckdb/engine.ts'
import { openFileStore } from '../../src/adapters/file/store.ts'
import { SystemClock } from '../../src/adapters/system-clock.ts'
import type { ObjectStore } from '../../src/ports/object-store.ts'
import type { QueryLimits, QueryValue } from '../../src/ports/query-engine.ts'
import { commitLogSnapshots } from '../../src/query/archive-snapshots.ts'
import { type QueryRequest, QueryService } from '../../src/query/query-service.ts'
import { filesInPlace, type SegmentFiles } from '../../src/query/segment-files.ts'
import { BUILT_IN_TEMPLATES, loadTemplates } from '../../src/query/template/library.ts'

export const LIMITS: QueryLimits = {
  maxRows: 10_000,
  maxResultBytes: 64 * 1024 * 1024,
  timeoutMs: 60_000,
  maxMemoryBytes: 256 * 1024 * 1024,
}

/** A folder that goes with the test. */
export async function testFolder(t: Pick<TestContext, 'after'>, name = 'coldstream-test-'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), name))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** An empty archive in a folder whose name holds what globs and hive paths make of names. */
export async function testStore(t: Pick<TestContext, 'after'>): Promise<ObjectStore> {
  return await openFileStore(pathToFileURL(join(await testFolder(t), 'year=1 [x]*')).href)
}

export interface Rig {
  service: QueryService
  temporaryFolder: string
  /** Runs a request to its end. */
  query(request: QueryRequest, signal?: AbortSignal): Promise<Answer>
  /** The rows of a statement. */
  rows(sql: string): Promise<QueryValue[][]>
}

export interface Answer {
  columns: { name: string; type: string }[]
  rows: QueryValue[][]
  statistics: ReturnType<Awaited<ReturnType<QueryService['run']>>['statistics']>
}

/** The query room over a store, with a real DuckDB. */
export async function openRig(
  t: Pick<TestContext, 'after'>,
  store: ObjectStore,
  files: SegmentFiles = filesInPlace(store),
  folders: readonly string[] = [],
  limits: Partial<QueryLimits> = {},
): Promise<Rig> {
  const temporaryFolder = await testFolder(t)
  const engine = new DuckDbEngine({ temporaryFolder, maxSpillBytes: 64 * 1024 * 1024, threads: 2 })
  t.after(() => engine.close())
  const service = new QueryService({
    engines: [engine],
    defaultEngine: engine.name,
    snapshots: commitLogSnapshots(store),
    files,
    templates: await loadTemplates([BUILT_IN_TEMPLATES, ...folders]),
    clock: new SystemClock(),
    limits: { ...LIMITS, ...limits },
    concurrency: { running: 2, waiting: 2 },
    broker: () => Promise.reject(new Error('there is no broker')),
  })
  const query = async (request: QueryRequest, signal = new AbortController().signal): Promise<Answer> => {
    const result = await service.run(request, signal)
    const rows: QueryValue[][] = []
    for await (const batch of result.rows) rows.push(...batch)
    await result.ended
    return { columns: [...result.columns], rows, statistics: result.statistics() }
  }
  return { service, temporaryFolder, query, rows: async (sql) => (await query({ sql })).rows }
}
