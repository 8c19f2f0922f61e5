import { NotFoundError } from '../../src/errors.ts'
import type { ListOptions, ObjectInfo, ObjectStore } from '../../src/ports/object-store.ts'

/** Objects in memory, with everything that the port promises; counts requests. */
export class MemoryStore implements ObjectStore {
  readonly url = 'memory://archive'
  readonly objects = new Map<string, Buffer>()
  requests = 0
  #sorted: string[] | null = null

  async get(path: string): Promise<Buffer> {
    this.requests++
    const bytes = this.objects.get(path)
    if (bytes) return bytes
    throw new NotFoundError('object-not-found', `${path} is not there`, { remedy: 'Look elsewhere.' })
  }

  async getRange(path: string, start: number, end: number): Promise<Buffer> {
    return (await this.get(path)).subarray(start, end)
  }

  async head(path: string): Promise<ObjectInfo | null> {
    this.requests++
    const bytes = this.objects.get(path)
    return bytes ? { path, bytes: bytes.length } : null
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo> {
    const { startAfter = '', limit = Number.POSITIVE_INFINITY } = options
    this.#sorted ??= [...this.objects.keys()].sort()
    const paths = this.#sorted
    this.requests++
    let listed = 0
    for (let i = firstAbove(paths, startAfter, prefix); i < paths.length && listed < limit; i++) {
      const path = paths[i]!
      if (!path.startsWith(prefix)) return
      if (path <= startAfter) continue
      // One request brings a page, as on S3.
      if (listed > 0 && listed % 1000 === 0) this.requests++
      listed++
      yield { path, bytes: this.objects.get(path)!.length }
    }
  }

  async folders(folder: string): Promise<string[]> {
    this.requests++
    const below = [...this.objects.keys()]
      .filter((path) => path.startsWith(folder))
      .map((path) => path.slice(folder.length))
    return [
      ...new Set(below.filter((path) => path.includes('/')).map((path) => path.slice(0, path.indexOf('/')))),
    ].sort()
  }

  async createIfAbsent(path: string, chunks: readonly Uint8Array[]): Promise<'created' | 'exists'> {
    this.requests++
    if (this.objects.has(path)) return 'exists'
    this.put(path, Buffer.concat(chunks))
    return 'created'
  }

  async delete(path: string): Promise<void> {
    this.objects.delete(path)
    this.#sorted = null
  }

  async close(): Promise<void> {
    // Nothing is held.
  }

  /** What somebody does who does not keep to the rules. */
  put(path: string, bytes: Uint8Array): void {
    this.objects.set(path, Buffer.from(bytes))
    this.#sorted = null
  }
}

/** Index of the first path that may be in the answer. */
function firstAbove(paths: readonly string[], startAfter: string, prefix: string): number {
  const bound = startAfter > prefix ? startAfter : prefix
  let low = 0
  let high = paths.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (paths[middle]! < bound) low = middle + 1
    else high = middle
  }
  return low
}
