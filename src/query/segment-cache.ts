import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { concurrently } from '../catalog/concurrently.ts'
import { DamagedDataError, InvalidInputError } from '../errors.ts'
import type { CommittedSegment } from '../format/segment.ts'
import { checkObjectPath } from '../ports/object-path.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { bytesOf } from './bytes-of.ts'
import { type CachedFile, scanCache, sha256OfFile, touch } from './cache-folder.ts'
import { KeptReaders } from './kept-readers.ts'
import { mayHoldKeys } from './key-filters.ts'
import { FEW_SEGMENT_BYTES, type KeysInWindow, rowsOfKeys } from './key-rows.ts'
import type { FoundByKeys, HeldFiles, SegmentFiles } from './segment-files.ts'

const CONCURRENT_DOWNLOADS = 8
const CHUNK_BYTES = 8 * 1024 * 1024

export interface SegmentCacheOptions {
  store: ObjectStore
  /** The cache's own folder; each archive has a folder in it. */
  folder: string
  /** Of all files. What a running query needs is never removed; one that needs more than this is refused. */
  maxBytes: number
}

/**
 * Segments of an archive that is not on this machine, kept as local files. Segments never change, so a file is right
 * for good once its checksum was: it is checked when it is downloaded, and after a restart when it is first used again.
 */
export class SegmentCache implements SegmentFiles {
  readonly folder: string
  readonly areCopies = true
  readonly #store: ObjectStore
  readonly #maxBytes: number
  readonly #readers: KeptReaders
  /** Least recently used first; read from the folder once. Files on their way are in it, so that they count. */
  #files: Promise<Map<string, CachedFile>> | null = null
  readonly #arriving = new Map<string, Promise<void>>()
  readonly #pins = new Map<string, number>()

  constructor({ store, folder, maxBytes }: SegmentCacheOptions) {
    this.#store = store
    this.#maxBytes = maxBytes
    this.#readers = new KeptReaders(store)
    this.folder = join(folder, createHash('sha256').update(store.url).digest('hex').slice(0, 16))
  }

  async hold(segments: readonly CommittedSegment[], signal: AbortSignal): Promise<HeldFiles> {
    const bytes = bytesOf(segments)
    if (bytes > this.#maxBytes) throw tooLarge(bytes, this.#maxBytes)
    for (const { path } of segments) checkObjectPath(path)
    const files = await this.#known()
    for (const { path } of segments) this.#pins.set(path, (this.#pins.get(path) ?? 0) + 1)
    const held = { release: () => this.#unpin(segments) }
    try {
      await concurrently(segments, CONCURRENT_DOWNLOADS, async (segment) => {
        signal.throwIfAborted()
        await this.#ensure(files, segment)
      })
    } catch (error) {
      held.release()
      throw error
    }
    return held
  }

  /**
   * A file that is here already is for the engine to look into, unless what tells of its keys is known. Rows are read from the
   * store where it would cost much to bring the files that hold them.
   */
  async withKeys<Segment extends CommittedSegment>(
    segments: readonly Segment[],
    wanted: KeysInWindow,
    signal: AbortSignal,
  ): Promise<FoundByKeys<Segment>> {
    const readers = this.#readers
    const files = await this.#known()
    const isHere = ({ path, bytes }: CommittedSegment) => files.get(path)?.bytes === bytes
    const isSpared = (segment: CommittedSegment) => isHere(segment) && !readers.areKeptOf(segment)
    const left = await mayHoldKeys(readers, segments, wanted.keys, signal, isSpared)
    const missingBytes = bytesOf(left.filter((segment) => !isHere(segment)))
    const rows = missingBytes > FEW_SEGMENT_BYTES ? await rowsOfKeys(readers, left, wanted, signal) : null
    return { segments: left, rows }
  }

  async copyOf({ path }: CommittedSegment): Promise<Buffer | null> {
    const files = await this.#known()
    if (!files.has(path) || this.#arriving.has(path)) return null
    try {
      return await readFile(join(this.folder, path))
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }

  /** Queries that need the same file at the same time wait for one download. */
  #ensure(files: Map<string, CachedFile>, segment: CommittedSegment): Promise<void> {
    const { path } = segment
    const arriving = this.#arriving.get(path)
    if (arriving !== undefined) return arriving
    const bringing = this.#bring(files, segment).finally(() => this.#arriving.delete(path))
    this.#arriving.set(path, bringing)
    return bringing
  }

  async #bring(files: Map<string, CachedFile>, segment: CommittedSegment): Promise<void> {
    const { path, bytes, sha256 } = segment
    const file = join(this.folder, path)
    const cached = files.get(path)
    files.delete(path)
    files.set(path, { bytes, sha256 })
    try {
      if (cached?.bytes === bytes && (await isWhole(file, cached.sha256, sha256))) return
      await this.#makeRoom(files)
      await this.#download(segment, file)
    } catch (error) {
      files.delete(path)
      throw error
    }
  }

  async #download(segment: CommittedSegment, file: string): Promise<void> {
    const { path, bytes, sha256 } = segment
    await mkdir(dirname(file), { recursive: true })
    const part = `${file}.${randomUUID()}.part`
    const hash = createHash('sha256')
    const handle = await open(part, 'w')
    try {
      for (let start = 0; start < bytes; start += CHUNK_BYTES) {
        // At the end one byte more than there should be: it comes only if the object is longer, and no checksum fits then.
        const end = start + CHUNK_BYTES < bytes ? start + CHUNK_BYTES : bytes + 1
        const chunk = await this.#store.getRange(path, start, end)
        hash.update(chunk)
        await handle.writeFile(chunk)
      }
    } finally {
      await handle.close()
    }
    if (hash.digest('hex') !== sha256) {
      await rm(part, { force: true })
      throw damaged(path, this.#store.url)
    }
    await rename(part, file)
  }

  async #makeRoom(files: Map<string, CachedFile>): Promise<void> {
    let total = [...files.values()].reduce((sum, file) => sum + file.bytes, 0)
    for (const [path, file] of files) {
      if (total <= this.#maxBytes) return
      if (this.#pins.has(path)) continue
      files.delete(path)
      total -= file.bytes
      await rm(join(this.folder, path), { force: true })
    }
  }

  #known(): Promise<Map<string, CachedFile>> {
    this.#files ??= mkdir(this.folder, { recursive: true }).then(() => scanCache(this.folder))
    return this.#files
  }

  #unpin(segments: readonly CommittedSegment[]): void {
    for (const { path } of segments) {
      const pins = (this.#pins.get(path) ?? 1) - 1
      if (pins === 0) this.#pins.delete(path)
      else this.#pins.set(path, pins)
    }
  }
}

/** Whether the file is there with these bytes; notes the use. `known`: its hash, where this process has looked at it. */
async function isWhole(file: string, known: string | null, sha256: string): Promise<boolean> {
  try {
    if ((known ?? (await sha256OfFile(file))) !== sha256) return false
    await touch(file)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** Somebody emptied the cache, or another process made room in it. */
function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

function tooLarge(bytes: number, maxBytes: number): InvalidInputError {
  const mib = (count: number) => `${Math.ceil(count / 1024 / 1024)} MiB`
  return new InvalidInputError(
    'query-too-large',
    `The query needs ${mib(bytes)} of segments, the local cache holds ${mib(maxBytes)}.`,
    { remedy: 'Narrow the time window, or give the query cache more room.' },
  )
}

function damaged(path: string, url: string): DamagedDataError {
  return new DamagedDataError('segment-damaged', `Segment ${path} in ${url} is not what the commit log says.`, {
    remedy: 'Run `coldstream verify` on its topic; restore the object from a copy or a bucket version.',
    details: { path },
  })
}
