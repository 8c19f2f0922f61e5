import { randomBytes } from 'node:crypto'
import { deserialize, serialize } from 'node:v8'
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { GoneError, NotFoundError } from '../../errors.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import type { QueryValue } from '../../ports/query-engine.ts'
import type { ResultPart, RunEnd, RunRequest } from './run-record.ts'

const ROOT = 'queries/'

/** Objects of a run that are there. */
export interface StoredRun {
  id: string
  hasEnd: boolean
  /** Of its rows. */
  bytes: number
}

/**
 * Runs in the archive, so that each instance can tell of each of them: `queries/<id>/asked.json`, `rows-<n>`, `ended.json`,
 * and `cancel` where another instance than the run's own was asked to stop it. Ids ascend with time.
 */
export class RunStore {
  readonly #store: ObjectStore

  constructor(store: ObjectStore) {
    this.#store = store
  }

  async writeRequest(request: RunRequest): Promise<void> {
    await this.#writeJson(`${ROOT}${request.id}/asked.json`, request)
  }

  async writeEnd(id: string, end: RunEnd): Promise<void> {
    await this.#writeJson(`${ROOT}${id}/ended.json`, end)
  }

  /** Null when there is no such run, or no longer. */
  async readRequest(id: string): Promise<RunRequest | null> {
    return (await this.#readJson(`${ROOT}${id}/asked.json`)) as RunRequest | null
  }

  async readEnd(id: string): Promise<RunEnd | null> {
    return (await this.#readJson(`${ROOT}${id}/ended.json`)) as RunEnd | null
  }

  /** Rows in a form that keeps every kind of value, for this program alone. */
  async writeRows(id: string, part: number, rows: readonly QueryValue[][]): Promise<ResultPart> {
    const bytes = zstdCompressSync(serialize(rows))
    await this.#store.createIfAbsent(partPath(id, part), [bytes])
    return { rows: rows.length, bytes: bytes.length }
  }

  /** Throws GoneError `query-results-gone`. */
  async readRows(id: string, part: number): Promise<QueryValue[][]> {
    try {
      return deserialize(zstdDecompressSync(await this.#store.get(partPath(id, part)))) as QueryValue[][]
    } catch (error) {
      if (error instanceof NotFoundError) throw resultsGone(id)
      throw error
    }
  }

  /** Whether rows are there; of one run, all are or none. */
  async hasRows(id: string): Promise<boolean> {
    return (await this.#store.head(partPath(id, 0))) !== null
  }

  async askToCancel(id: string): Promise<void> {
    await this.#store.createIfAbsent(`${ROOT}${id}/cancel`, [Buffer.alloc(0)])
  }

  async isToCancel(id: string): Promise<boolean> {
    return (await this.#store.head(`${ROOT}${id}/cancel`)) !== null
  }

  /** Runs whose id is not smaller than `from`, ascending. */
  async list(from = ''): Promise<StoredRun[]> {
    const runs = new Map<string, StoredRun>()
    for await (const { path, bytes } of this.#store.list(ROOT, { startAfter: `${ROOT}${from}` })) {
      const [id, name] = path.slice(ROOT.length).split('/')
      if (id === undefined || name === undefined) continue
      const run = runs.get(id) ?? { id, hasEnd: false, bytes: 0 }
      if (name === 'ended.json') run.hasEnd = true
      if (name.startsWith('rows-')) run.bytes += bytes
      runs.set(id, run)
    }
    return [...runs.values()]
  }

  async deleteRows(id: string): Promise<void> {
    for await (const { path } of this.#store.list(`${ROOT}${id}/rows-`)) await this.#store.delete(path)
  }

  async delete(id: string): Promise<void> {
    for await (const { path } of this.#store.list(`${ROOT}${id}/`)) await this.#store.delete(path)
  }

  async #writeJson(path: string, value: object): Promise<void> {
    await this.#store.createIfAbsent(path, [Buffer.from(JSON.stringify(value))])
  }

  async #readJson(path: string): Promise<unknown> {
    try {
      return JSON.parse((await this.#store.get(path)).toString())
    } catch (error) {
      if (error instanceof NotFoundError) return null
      throw error
    }
  }
}

/** An id that is greater than those of runs a millisecond ago. */
export function newRunId(nowMs: number): string {
  return `${timePart(nowMs)}-${randomBytes(10).toString('hex')}`
}

/** Runs of that time and later have ids that are greater. */
export function timePart(nowMs: number): string {
  return Math.max(0, Math.floor(nowMs)).toString(16).padStart(12, '0')
}

/** Whether it may be an id: nothing else becomes part of a path. */
export function isRunId(text: string): boolean {
  return /^[0-9a-f]{12}-[0-9a-f]{20}$/.test(text)
}

export function resultsGone(id: string): GoneError {
  return new GoneError('query-results-gone', `The results of query ${id} are no longer kept.`, {
    remedy: 'Run it again; `query.resultsKeepMs` and `query.resultsMaxBytes` say how long results are kept.',
  })
}

function partPath(id: string, part: number): string {
  return `${ROOT}${id}/rows-${String(part).padStart(6, '0')}`
}
